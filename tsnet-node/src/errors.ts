/** The stable codes a {@link TailscaleError} carries; branch on these, never on a message. */
export type TailscaleErrorCode =
  /** The helper binary was not found; the message says how to get it. */
  | 'ERR_TSNET_HELPER_MISSING'
  /** The helper process ended while the call was waiting. */
  | 'ERR_TSNET_HELPER_EXITED'
  /** The helper said something that is not the protocol: two versions are mixed. */
  | 'ERR_TSNET_PROTOCOL'
  /** An option is missing, contradicts another or cannot be used. */
  | 'ERR_TSNET_OPTIONS'
  /** The call needs a node that is up. */
  | 'ERR_TSNET_NOT_UP'
  /** The node is closed or closing. */
  | 'ERR_TSNET_CLOSED'
  /** The control server refused the auth key, or no key could be had for the OAuth client secret. */
  | 'ERR_TSNET_AUTH'
  /** Nobody has logged this node in and no auth key was given. */
  | 'ERR_TSNET_NEEDS_LOGIN'
  /** An administrator of the tailnet has to approve this node before it may join. */
  | 'ERR_TSNET_NEEDS_APPROVAL'
  /** Another process holds the state directory. */
  | 'ERR_TSNET_STATE_LOCKED'
  /** The owner's state store failed to read or write. */
  | 'ERR_TSNET_STATE_STORE'
  /** No peer of the tailnet has this address. */
  | 'ERR_TSNET_PEER_NOT_FOUND'
  /** WhoIs could not be answered (not the same as "unknown"). */
  | 'ERR_TSNET_WHOIS'
  /** A kept-alive connection now belongs to another node or user; it was closed. */
  | 'ERR_TSNET_IDENTITY_CHANGED'
  /** Neither the tailnet nor DNS has this name. */
  | 'ERR_TSNET_NAME_NOT_FOUND'
  /** Nobody listens on the port that was dialled. */
  | 'ERR_TSNET_REFUSED'
  /** The peer that was dialled did not answer in time: it is offline, or the tailnet policy shuts it off. */
  | 'ERR_TSNET_TIMEOUT'
  /** The tailnet does not lead to the address that was dialled. */
  | 'ERR_TSNET_UNREACHABLE'
  /** The tailnet's certificate could not be had: HTTPS is off for it, or the name is not this node's. */
  | 'ERR_TSNET_CERT'
  /** A value that the tailnet policy grants does not fit the schema. */
  | 'ERR_TSNET_CAPABILITY'
  /** The port is already listened on by this node. */
  | 'ERR_TSNET_PORT_IN_USE'
  /** Any other failure inside the helper. */
  | 'ERR_TSNET'

/** What every call of this package rejects with, except for an abort, which rejects with the signal's reason. */
export class TailscaleError extends Error {
  override readonly name = 'TailscaleError'
  readonly code: TailscaleErrorCode

  constructor(code: TailscaleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
