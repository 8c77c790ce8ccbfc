import { isIPv6 } from 'node:net'

/** An address and a port, as Go prints them. */
export interface AddressPort {
  readonly address: string
  readonly port: number
}

/** Splits `ip:port`, `[ip]:port` or a bare `ip` (port 0). */
export function splitAddress(text: string): AddressPort {
  if (isIPv6(text)) return { address: text, port: 0 }
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { address: text, port: 0 }
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

/** The family as `net.Socket` names it. */
export function familyOf(address: string): 'IPv4' | 'IPv6' {
  return isIPv6(address) ? 'IPv6' : 'IPv4'
}
