import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import type { SocksAddress } from './socks5.ts'

export interface LaptopOptions {
  readonly hostname: string
  readonly controlUrl: string
  readonly authKey?: string
  /** Keeps the laptop's identity over restarts; in memory (ephemeral) by default. */
  readonly stateDir?: string
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
  connect(
    target: { readonly host: string; readonly port: number },
    options?: { readonly signal?: AbortSignal },
  ): Promise<Socket>
  request(url: string | URL, request?: LaptopRequest): Promise<LaptopResponse>
  agent(options?: { readonly keepAlive?: boolean }): Agent
}

/** Joins a tailnet as a person's device. */
export async function startLaptop(_options: LaptopOptions): Promise<Laptop> {
  throw new Error('in the making')
}
