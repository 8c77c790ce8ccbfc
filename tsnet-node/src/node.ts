import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { TailscaleError } from './errors.ts'
import type { Identity, PeerIdentity } from './identity.ts'
import type { TailscaleListener, TailscaleSocket } from './listener.ts'
import type { ListenOptions, TailscaleNodeOptions, WhoIsOptions } from './options.ts'
import type { NodeState, NodeStatus } from './status.ts'

export interface NodeEvents {
  state: [state: NodeState, previous: NodeState]
  /** Open this URL in a browser to log the node in. */
  authUrl: [url: string]
  health: [warnings: readonly string[]]
  log: [line: { readonly level: 'info' | 'debug'; readonly message: string }]
  /** The helper process ended without being asked to. */
  helperExit: [exit: { readonly code: number | undefined; readonly signal: string | undefined }]
  /** The node is back, with the same identity and the same listeners. */
  restarted: []
  /** An attempt to start the helper again failed; another follows after a pause. */
  restartFailed: [error: TailscaleError]
}

/** One node of a tailnet inside this program. */
export class TailscaleNode extends EventEmitter<NodeEvents> implements AsyncDisposable {
  constructor(_options: TailscaleNodeOptions) {
    super()
  }

  /** The last state heard of. */
  get state(): NodeState {
    throw new Error('in the making')
  }

  /** Joins the tailnet and resolves once traffic flows. Aborting closes the node. */
  async up(_options?: { readonly signal?: AbortSignal }): Promise<NodeStatus> {
    throw new Error('in the making')
  }

  /** Listens on a TCP port of the tailnet. */
  async listen(_options: ListenOptions): Promise<TailscaleListener> {
    throw new Error('in the making')
  }

  /** Feeds the tailnet's connections on a port to an `http.Server`, whose requests then have a {@link TailscaleSocket}. */
  async serve(_server: Server, _options: ListenOptions): Promise<TailscaleListener> {
    throw new Error('in the making')
  }

  /** Who has this tailnet address (`ip`, `ip:port` or `[ip]:port`) now. Concurrent questions about one peer share one call. */
  async whoIs(_address: string, _options?: WhoIsOptions): Promise<PeerIdentity> {
    throw new Error('in the making')
  }

  /**
   * The identity behind a live socket, asked again unless known for at most `maxAgeMs` (2 000 by default). If node or
   * user are no longer those of the connection, the socket is destroyed and the call rejects.
   */
  async reauthorize(_socket: TailscaleSocket, _options?: WhoIsOptions): Promise<Identity> {
    throw new Error('in the making')
  }

  async status(_options?: { readonly signal?: AbortSignal }): Promise<NodeStatus> {
    throw new Error('in the making')
  }

  /** Leaves the tailnet's data path and ends the helper, within about 3 s. Idempotent. */
  async close(): Promise<void> {
    throw new Error('in the making')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
