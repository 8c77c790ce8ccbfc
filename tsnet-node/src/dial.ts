import { isIPv6, type Socket } from 'node:net'
import { TailscaleError } from './errors.ts'

/** Where to connect to, and what bounds connecting. */
export interface DialOptions {
  /** MagicDNS name, short or full, or an address that the tailnet leads to. */
  readonly host: string
  readonly port: number
  /** Bounds connecting alone: a socket that is connected is yours. */
  readonly signal?: AbortSignal | undefined
  /** Gives up with `ERR_TSNET_TIMEOUT` after this; 10 000 by default. A peer that the policy shuts off does not answer. */
  readonly timeoutMs?: number | undefined
  /** As of `net.connect`. */
  readonly allowHalfOpen?: boolean | undefined
}

/** Opens connections into the tailnet. */
export type Dial = (options: DialOptions) => Promise<Socket>

/** A host without the brackets that URLs put around an IPv6 address. */
export function bareHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIPv6(bare) ? bare : host
}

/**
 * Refuses what cannot be dialled.
 * @throws TailscaleError `ERR_TSNET_OPTIONS`
 */
export function checkDialOptions({ host, port, timeoutMs }: DialOptions): void {
  if (host === '' || /[\s/@]/.test(host)) {
    throw new TailscaleError('ERR_TSNET_OPTIONS', `host ${JSON.stringify(host)} is neither name nor address`)
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new TailscaleError('ERR_TSNET_OPTIONS', `port ${port} is no TCP port`)
  }
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs > 0)) {
    throw new TailscaleError('ERR_TSNET_OPTIONS', `timeoutMs ${timeoutMs} is no number of milliseconds`)
  }
}
