import { Problem } from './problem.ts'

/** The address that a tailnet listener answers under. */
export interface ListenerNames {
  readonly scheme: 'http' | 'https'
  readonly port: number
  /** MagicDNS name, short name and tailnet addresses (IPv6 without brackets), in lower case. */
  readonly hosts: readonly string[]
}

/** The headers that a browser is judged by. */
export interface RequestFacts {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
  readonly secFetchDest: string | undefined
  readonly contentType: string | undefined
}

const defaultPort = { http: 80, https: 443 } as const
const formTypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']

/** Throws `host-not-ours` unless Host is one of the listener's names with its port (against DNS rebinding). */
export function checkHost(request: RequestFacts, listener: ListenerNames): void {
  const named = splitHost(request.host ?? '')
  const port = named?.port ?? defaultPort[listener.scheme]
  if (named && port === listener.port && listener.hosts.includes(named.name)) return
  throw new Problem('host-not-ours')
}

/**
 * Throws `origin-not-ours` for a request that another site made a browser send: an Origin that is not exactly the one the request
 * went to, or, without Origin, a form; a Sec-Fetch-Site other than `same-origin` and `none` (W3C Fetch Metadata), unless it follows
 * a link to a page. A read changes nothing, but it counts among the person's requests, and takes the token that waits for them.
 */
export function checkOrigin(request: RequestFacts, listener: ListenerNames): void {
  const { method, origin, secFetchSite = 'none', contentType } = request
  const reads = method === 'GET' || method === 'HEAD'
  if (secFetchSite !== 'same-origin' && secFetchSite !== 'none' && !(reads && opensPage(request))) {
    throw new Problem('origin-not-ours')
  }
  if (origin === undefined ? !reads && isForm(contentType) : origin !== ownOrigin(request, listener)) {
    throw new Problem('origin-not-ours')
  }
}

/** In a window or tab of its own; what the API answers is for no browser to show. */
function opensPage({ path, secFetchDest }: RequestFacts): boolean {
  return secFetchDest === 'document' && !path.startsWith('/api/')
}

/** The origin that a listener has under a name of its own: the first, unless told otherwise. */
export function originOf({ scheme, port, hosts }: ListenerNames, name = hosts[0] ?? ''): string {
  const host = name.includes(':') ? `[${name}]` : name
  return port === defaultPort[scheme] ? `${scheme}://${host}` : `${scheme}://${host}:${port}`
}

function ownOrigin(request: RequestFacts, listener: ListenerNames): string | undefined {
  const named = splitHost(request.host ?? '')
  return named && originOf(listener, named.name)
}

function isForm(contentType: string | undefined): boolean {
  const [type = ''] = (contentType ?? '').split(';')
  return formTypes.includes(type.trim().toLowerCase())
}

function splitHost(host: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/.exec(host.toLowerCase())
  if (!match) return undefined
  const [, address, name, port] = match
  const text = address ?? name?.replace(/\.$/, '')
  return text ? { name: text, port: port === undefined ? undefined : Number(port) } : undefined
}
