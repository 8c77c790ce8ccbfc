import { once } from 'node:events'
import { type Agent, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { splitAddress } from '../address.ts'
import { buildGo, tellProgress } from '../build-go.ts'
import { programs } from '../helper-cache.ts'
import { startLineProcess } from './line-process.ts'
import { connectSocks, type SocksAddress, type SocksTarget, socksAgent } from './socks5.ts'
import { testnetEnv } from './testnet.ts'

export interface LaptopOptions {
  readonly hostname: string
  readonly controlUrl: string
  readonly authKey?: string
  /** Keeps the laptop's identity over restarts; in memory (ephemeral) by default. */
  readonly stateDir?: string
  /** `env` of the tailnet; that of `startTestnet` by default. */
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** An answer read whole. */
export interface LaptopResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface LaptopRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Its own connection by default; give an agent of `agent({ keepAlive: true })` to keep one open. */
  readonly agent?: Agent
}

/** A person's device on the tailnet, reached through a SOCKS5 proxy on loopback. */
export interface Laptop extends AsyncDisposable {
  readonly hostname: string
  readonly socks: SocksAddress
  /** Tailnet addresses, IPv4 first. */
  readonly ips: readonly string[]
  readonly pid: number
  connect(target: SocksTarget, options?: { readonly signal?: AbortSignal }): Promise<Socket>
  request(url: string | URL, request?: LaptopRequest): Promise<LaptopResponse>
  agent(options?: { readonly keepAlive?: boolean }): Agent
}

/** Joins a tailnet as a person's device; the first start builds the program, which needs Go. */
export async function startLaptop(options: LaptopOptions): Promise<Laptop> {
  const { hostname, controlUrl, authKey, stateDir, env = testnetEnv(controlUrl), signal } = options
  const args = ['-hostname', hostname, '-control-url', controlUrl, ...(stateDir ? ['-state-dir', stateDir] : [])]
  const process = await startLineProcess(await buildGo({ ...programs.laptop, log: tellProgress }), args, {
    env: { ...env, ...(authKey && { TS_AUTHKEY: authKey }) },
    signal,
  })
  const ready = process.ready as { socks: string; ips: readonly string[] }
  const { address: host, port } = splitAddress(ready.socks)
  return {
    ...throughSocks({ host, port }),
    hostname,
    ips: ready.ips,
    pid: process.pid,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

/** The ways through a device's proxy. */
export function throughSocks(socks: SocksAddress): Pick<Laptop, 'socks' | 'connect' | 'request' | 'agent'> {
  return {
    socks,
    connect: (target, options) => connectSocks(socks, target, options),
    request: (url, request) => requestThrough(socks, url, request),
    agent: options => socksAgent(socks, options),
  }
}

/** Sends one HTTP request through a SOCKS5 proxy and reads the answer whole. */
export async function requestThrough(
  socks: SocksAddress,
  url: string | URL,
  { method = 'GET', headers = {}, body, signal = AbortSignal.timeout(30_000), agent }: LaptopRequest = {},
): Promise<LaptopResponse> {
  const sent = request(url, { method, headers, agent: agent ?? socksAgent(socks), signal })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}
