import { once } from 'node:events'
import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import { connect, isIPv4, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Where a SOCKS5 proxy listens. */
export interface SocksAddress {
  readonly host: string
  readonly port: number
}

/** Host and port to connect to. */
export interface SocksTarget {
  readonly host: string
  readonly port: number
}

/**
 * Connects to `host:port` through a SOCKS5 proxy (RFC 1928, no authentication; names are resolved by the proxy). The
 * signal bounds connecting alone.
 */
export async function connectSocks(
  proxy: SocksAddress,
  target: SocksTarget,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Socket> {
  signal?.throwIfAborted()
  const socket = connect({ host: proxy.host, port: proxy.port })
  const abort = () => socket.destroy(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    await once(socket, 'connect')
    socket.write(Buffer.from([5, 1, 0]))
    const [, method] = await readBytes(socket, 2)
    if (method !== 0) throw new Error('SOCKS5 proxy wants authentication')
    socket.write(connectRequest(target))
    const [, reply, , family] = await readBytes(socket, 4)
    if (reply !== 0) throw new Error(`SOCKS5 proxy cannot reach ${target.host}:${target.port} (reply ${reply})`)
    await readBytes(socket, family === 4 ? 18 : 6) // the address it connects from; names are not answered
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

function connectRequest({ host, port }: SocksTarget): Buffer {
  const bare = host.replace(/^\[|\]$/g, '')
  const portBytes = Buffer.from([port >> 8, port & 0xff])
  return Buffer.concat([Buffer.from([5, 1, 0]), addressBytes(bare), portBytes])
}

function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split('.').map(Number)])
  if (isIPv6(host)) return Buffer.concat([Buffer.from([4]), ipv6Bytes(host)])
  return Buffer.concat([Buffer.from([3, Buffer.byteLength(host)]), Buffer.from(host)])
}

function ipv6Bytes(host: string): Buffer {
  const [before = '', after = ''] = host.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16)))
  const head = groups(before)
  const tail = groups(after)
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
  return Buffer.from(all.flatMap(group => [group >> 8, group & 0xff]))
}

async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes: Buffer | null = socket.read(count)
    if (bytes?.length === count) return bytes
    if (bytes || socket.readableEnded || socket.destroyed) throw new Error('SOCKS5 proxy hung up')
    const waiting = new AbortController() // leaves no listener of the one that came second
    await Promise.race(['readable', 'close'].map(name => once(socket, name, waiting))).finally(() => waiting.abort())
  }
}

/** An `http.Agent` whose connections go through a SOCKS5 proxy. */
export function socksAgent(proxy: SocksAddress, options: { readonly keepAlive?: boolean } = {}): Agent {
  return new SocksAgent(proxy, options)
}

class SocksAgent extends Agent {
  readonly #proxy: SocksAddress

  constructor(proxy: SocksAddress, options: AgentOptions) {
    super(options)
    this.#proxy = proxy
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    connectSocks(this.#proxy, { host: host ?? 'localhost', port: Number(port) }).then(
      socket => callback?.(null, socket),
      error => callback?.(error, undefined as unknown as Duplex), // Node reads the error alone
    )
  }
}
