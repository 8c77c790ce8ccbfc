import { text } from 'node:stream/consumers'
import { buildGo, connectFunnel, programs } from 'tsnet-node/testing'
import type { Install } from './install.ts'

/** `imageEnv` of an install whose tailnet helper can be fed connections as if they came from Funnel, which exists only online. */
export async function funnelHelperEnv(): Promise<Readonly<Record<string, string>>> {
  return { TSNET_NODE_HELPER: await buildGo(programs.testFunnelHelper) }
}

/** Sends one request to login as somebody on the Internet would whom Funnel lets in. */
export async function throughFunnel(
  { hostname, shadow }: Install,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const pid = shadow.pid('login')
  const tmpdir = shadow.tmpdir('login')
  if (pid === undefined || tmpdir === undefined) throw new Error('login is not running')
  const socket = await connectFunnel({ pid, tmpdir, port: 80, signal: AbortSignal.timeout(10_000) })
  const all = { host: hostname, 'content-length': '0', connection: 'close', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n', 2)
  return { status: Number(head.split(' ')[1]), body }
}
