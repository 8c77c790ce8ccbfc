import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FunnelOptions {
  /** Process that holds the `TailscaleNode`: this one by default. It must run the helper built with the tag `testfunnel`. */
  readonly pid?: number
  /** Tailnet port of the listener. */
  readonly port: number
  /** Address of the pretended Internet client; `203.0.113.7:4242` by default. */
  readonly src?: string
  /** `host:port` that the client dialled; `test.example:<port>` by default. */
  readonly target?: string
  /** Where the process keeps its private directories: this process's `os.tmpdir()` by default. */
  readonly tmpdir?: string
  readonly signal?: AbortSignal
}

/**
 * Opens a connection that a node takes for one from Funnel, which exists only online, and returns it to speak on. From
 * the helper's own handling of Funnel connections on, everything is what a real one meets. Needs the same user and the
 * test helper in that process: `helperPath` or `TSNET_NODE_HELPER` from `buildGo(programs.testFunnelHelper)`.
 */
export async function connectFunnel({
  pid = process.pid,
  port,
  src = '203.0.113.7:4242',
  target = `test.example:${port}`,
  tmpdir: folder = tmpdir(),
  signal,
}: FunnelOptions): Promise<Socket> {
  const path = await funnelSocket(folder, pid)
  signal?.throwIfAborted()
  const socket = connect({ path })
  await once(socket, 'connect')
  socket.write(`${JSON.stringify({ port, src, target })}\n`)
  return socket
}

async function funnelSocket(folder: string, pid: number): Promise<string> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`tsnet-node-${pid}-`)) continue
    const inside = await readdir(join(folder, name))
    if (inside.includes('funnel.sock')) return join(folder, name, 'funnel.sock')
  }
  throw new Error(`process ${pid} runs no helper built for tests (tag testfunnel), or its TMPDIR is not ${folder}`)
}
