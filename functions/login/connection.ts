import type { ListenerNames } from '#core/check-request'
import type { TailnetIdentity } from '#core/tailnet-identity'

/** The tailnet connection that a request came over: the only source of who is asking. */
export interface Connection {
  /**
   * Who is at the other end, at most two seconds ago. Rejects with {@link ConnectionLost} when that is no longer who it was: the
   * connection is then closed.
   */
  readonly identify: () => Promise<TailnetIdentity>
  /** What the listener that took the connection is called. */
  readonly listener: ListenerNames
}

/** The connection belongs to somebody else by now, or to nobody: there is nobody to answer. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}
