import type { Agent } from 'node:http'
import type { Socket } from 'node:net'

/** Where a SOCKS5 proxy listens. */
export interface SocksAddress {
  readonly host: string
  readonly port: number
}

/** Connects to `host:port` through a SOCKS5 proxy (RFC 1928, no authentication; names are resolved by the proxy). */
export async function connectSocks(
  _proxy: SocksAddress,
  _target: { readonly host: string; readonly port: number },
  _options?: { readonly signal?: AbortSignal },
): Promise<Socket> {
  throw new Error('in the making')
}

/** An `http.Agent` whose connections go through a SOCKS5 proxy. */
export function socksAgent(_proxy: SocksAddress, _options?: { readonly keepAlive?: boolean }): Agent {
  throw new Error('in the making')
}
