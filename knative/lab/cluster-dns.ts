// Stands for cluster DNS and Service routing: a forward proxy that knows `*.svc.cluster.local` and nothing else.
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** A running proxy. */
export interface ClusterDns extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: the HTTP_PROXY of whatever dials names of the cluster. */
  readonly url: string
  /** Lets a name lead to a port of loopback; `undefined` takes it out. Throws for a name that is no Service's. */
  route(host: string, port: number | undefined): void
}

/** Names that lead somewhere without being registered: answers the port, or `undefined` for an unknown name. */
export type Wildcard = (host: string) => number | undefined

const serviceName = /^(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?\.){2}svc(?:\.cluster\.local)?$/

/** `x.ns.svc` and `X.ns.svc.cluster.local.` as `x.ns.svc.cluster.local`; `undefined` for a name that is no Service's. */
export function canonicalName(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (!serviceName.test(name)) return undefined
  return name.endsWith('.svc') ? `${name}.cluster.local` : name
}

/**
 * Starts the proxy. A request in absolute form for a known name goes to its port on 127.0.0.1 with the Host kept; any
 * other is refused with 502 and nothing is dialled. CONNECT is refused: events travel in plain HTTP here.
 */
export async function startClusterDns(wildcard: Wildcard = () => undefined): Promise<ClusterDns> {
  const ports = new Map<string, number>()
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })
  const portOf = (url: string | undefined): number | undefined => {
    const name =
      url && URL.canParse(url) && url.startsWith('http://') ? canonicalName(new URL(url).hostname) : undefined
    return name === undefined ? undefined : (ports.get(name) ?? wildcard(name))
  }
  const server = createServer((incoming, outgoing) => {
    const port = portOf(incoming.url)
    if (port === undefined) refuse(incoming, outgoing, `no such name in the lab's cluster DNS`)
    else forward(incoming, outgoing, port, agent)
  })
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 502 CONNECT is not offered\r\n\r\n'))
  // Whoever calls decides how long it waits; the proxy must not be the one that gives up.
  server.requestTimeout = 0
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    route(host, port) {
      const name = canonicalName(host)
      if (name === undefined)
        throw new Error(`${host} is not the name of a Service (<name>.<namespace>.svc.cluster.local)`)
      if (port === undefined) ports.delete(name)
      else ports.set(name, port)
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, port: number, agent: Agent): void {
  const { pathname, search } = new URL(incoming.url ?? '/')
  const upstream = request({
    host: '127.0.0.1',
    port,
    agent,
    method: incoming.method,
    path: `${pathname}${search}`,
    headers: withoutHopByHop(incoming.headers),
    setHost: false,
  })
  upstream.on('response', answer => {
    outgoing.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers))
    answer.pipe(outgoing)
    answer.on('error', () => outgoing.destroy())
  })
  upstream.on('error', error => {
    if (outgoing.headersSent) outgoing.destroy()
    else refuse(incoming, outgoing, error.message)
  })
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) upstream.destroy()
  })
  incoming.pipe(upstream)
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, why: string): void {
  incoming.resume()
  outgoing.writeHead(502, { 'content-type': 'text/plain' }).end(`cluster DNS: ${why}\n`)
}

const hopByHop = new Set(['connection', 'proxy-connection', 'keep-alive', 'proxy-authorization', 'te', 'upgrade'])

function withoutHopByHop(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))
}
