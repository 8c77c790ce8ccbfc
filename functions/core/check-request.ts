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
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
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
 * went to, or, without Origin, a form; a Sec-Fetch-Site other than `same-origin` and `none`. Reads are safe and pass.
 */
export function checkOrigin(request: RequestFacts, listener: ListenerNames): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { origin, secFetchSite } = request
  if (secFetchSite !== undefined && secFetchSite !== 'same-origin' && secFetchSite !== 'none') {
    throw new Problem('origin-not-ours')
  }
  if (origin === undefined ? isForm(request.contentType) : origin !== ownOrigin(request, listener)) {
    throw new Problem('origin-not-ours')
  }
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
