import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { splitAddress } from './address.ts'
import { checkListenOptions, checkOptions } from './check-options.ts'
import { TailscaleError } from './errors.ts'
import type { HelperExit } from './helper-process.ts'
import type { HelperSession } from './helper-session.ts'
import type { Identity, PeerIdentity } from './identity.ts'
import { TailscaleListener } from './listener.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ListenOptions, TailscaleNodeOptions, WhoIsOptions } from './options.ts'
import { sameParty } from './same-party.ts'
import type { NodeState, NodeStatus } from './status.ts'
import type { StreamHeader } from './stream-header.ts'
import { Supervisor } from './supervisor.ts'
import { asTailscaleSocket, type TailscaleSocket } from './tailscale-socket.ts'
import { createWhoIsCache } from './whois-cache.ts'
import { peerIdentity, type WireStatus } from './wire.ts'

/** Events of a node. */
export interface NodeEvents {
  state: [state: NodeState, previous: NodeState]
  /** Open this URL in a browser to log the node in. */
  authUrl: [url: string]
  health: [warnings: readonly string[]]
  log: [line: { readonly level: 'info' | 'debug'; readonly message: string }]
  /** The helper process ended without being asked to. */
  helperExit: [exit: HelperExit]
  /** The node is back, with the same identity and the same listeners. */
  restarted: []
  /** An attempt to start the helper again failed; another follows after a pause. */
  restartFailed: [error: TailscaleError]
  /** The owner's store refused; the node may not find its identity again after a restart. */
  storeFailed: [error: TailscaleError]
}

/**
 * One node of a tailnet inside this program.
 * @example
 * await using node = new TailscaleNode({ hostname: 'hello', authKey, stateDir: '/var/lib/hello' })
 * await node.up({ signal: AbortSignal.timeout(30_000) })
 * await node.serve(http.createServer((request, response) => {
 *   const { tailscale } = request.socket as TailscaleSocket
 *   response.end(`hello ${tailscale.user?.login ?? 'stranger'}\n`)
 * }), { port: 80 })
 */
export class TailscaleNode extends EventEmitter<NodeEvents> implements AsyncDisposable {
  readonly #supervisor: Supervisor
  readonly #listeners = new Map<TailscaleListener, string>()
  readonly #whoIs = createWhoIsCache({ ask: address => this.#ask(address), now: Date.now })
  #state: NodeState = 'NoState'
  #localAddress = ''
  #lastKey = 0
  #closed: Promise<void> | undefined

  /** @throws TailscaleError `ERR_TSNET_OPTIONS` */
  constructor(options: TailscaleNodeOptions) {
    super()
    checkOptions(options)
    this.#supervisor = new Supervisor(options, options.stateStore ?? createMemoryStore(), {
      state: state => this.#enter(state),
      authUrl: url => this.emit('authUrl', url),
      health: warnings => this.emit('health', warnings),
      log: line => this.emit('log', line),
      storeFailed: error => this.emit('storeFailed', error),
      ready: session => this.#ready(session),
      crashed: exit => this.#crashed(exit),
      restarted: () => this.emit('restarted'),
      restartFailed: error => this.emit('restartFailed', error),
    })
  }

  /** The last state heard of. */
  get state(): NodeState {
    return this.#state
  }

  /** Process id of the helper while there is one. */
  get helperPid(): number | undefined {
    return this.#supervisor.running?.pid
  }

  /**
   * Joins the tailnet and resolves once traffic flows. Aborting ends the helper; `up` may then be called again.
   * @throws TailscaleError `ERR_TSNET_AUTH`, `ERR_TSNET_NEEDS_LOGIN`, `ERR_TSNET_STATE_LOCKED`, `ERR_TSNET_STATE_STORE`,
   * `ERR_TSNET_HELPER_MISSING`, `ERR_TSNET_HELPER_EXITED`, `ERR_TSNET_CLOSED`
   */
  async up({ signal }: { readonly signal?: AbortSignal } = {}): Promise<NodeStatus> {
    return publicStatus(await this.#supervisor.up(signal))
  }

  /**
   * Listens on a TCP port of the tailnet.
   * @throws TailscaleError `ERR_TSNET_NOT_UP`, `ERR_TSNET_PORT_IN_USE`, `ERR_TSNET_OPTIONS`
   */
  async listen(options: ListenOptions): Promise<TailscaleListener> {
    checkListenOptions(options)
    const session = this.#supervisor.inService()
    if ([...this.#listeners.keys()].some(other => other.options.port === options.port)) {
      throw new TailscaleError('ERR_TSNET_PORT_IN_USE', `port ${options.port} of this node is listened on already`)
    }
    const listener = new TailscaleListener(options, {
      localAddress: () => this.#localAddress,
      unlisten: ended => this.#unlisten(ended),
    })
    const key = `listener-${++this.#lastKey}`
    this.#listeners.set(listener, key)
    try {
      await this.#bind(session, listener, key, options)
    } catch (error) {
      this.#listeners.delete(listener)
      throw error
    }
    return listener
  }

  /**
   * Feeds the tailnet's connections on a port to an `http.Server`, whose requests then have a {@link TailscaleSocket}.
   * The server need not listen anywhere; its timeouts work. TLS ends in the helper: give a plain `http.Server`.
   */
  async serve(server: Server, options: ListenOptions): Promise<TailscaleListener> {
    const listener = await this.listen({ allowHalfOpen: true, ...options })
    listener.on('connection', socket => server.emit('connection', socket))
    if (!server.listening) server.emit('listening') // begins its watch over slow requests
    return listener
  }

  /**
   * Who has this tailnet address (`ip`, `ip:port` or `[ip]:port`) now. Concurrent questions about one peer share one call.
   * @throws TailscaleError `ERR_TSNET_PEER_NOT_FOUND`, `ERR_TSNET_WHOIS`, `ERR_TSNET_HELPER_EXITED`, `ERR_TSNET_NOT_UP`
   */
  async whoIs(address: string, options?: WhoIsOptions): Promise<PeerIdentity> {
    this.#supervisor.inService()
    return this.#whoIs.get(splitAddress(address).address, options)
  }

  /**
   * The identity behind a live socket, asked again unless known for at most `maxAgeMs` (2 000 by default). If node or
   * user are no longer those of the connection, the socket is destroyed and the call rejects.
   * @throws TailscaleError `ERR_TSNET_IDENTITY_CHANGED`, `ERR_TSNET_PEER_NOT_FOUND` and what `whoIs` throws
   */
  async reauthorize(socket: TailscaleSocket, options: WhoIsOptions = {}): Promise<Identity> {
    const connected = socket.tailscale
    if (connected.kind === 'funnel') return connected
    const { remoteAddress, remotePort, tls } = connected
    const now = await this.whoIs(remoteAddress, { maxAgeMs: 2_000, ...options })
    if (!sameParty(connected, now)) {
      const error = new TailscaleError('ERR_TSNET_IDENTITY_CHANGED', `${remoteAddress} is not who it was`)
      socket.destroy(error)
      throw error
    }
    return { ...now, remotePort, ...(tls && { tls }) }
  }

  /** What the node knows about itself. */
  async status({ signal }: { readonly signal?: AbortSignal } = {}): Promise<NodeStatus> {
    return publicStatus(await this.#supervisor.inService().askStatus(signal))
  }

  /** Leaves the tailnet and ends the helper, within about 4 s however many connections are open. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Gives a helper the listeners that are open. */
  async #ready(session: HelperSession): Promise<void> {
    this.#localAddress = session.status.ips[0] ?? ''
    for (const [listener, key] of this.#listeners) {
      const { signal: _, ...options } = listener.options // it bounded the first call only
      await this.#bind(session, listener, key, options)
      if (!this.#listeners.has(listener)) await session.unlisten(key) // closed meanwhile
    }
  }

  #crashed(exit: HelperExit): void {
    this.#whoIs.clear()
    this.#enter('Restarting')
    this.emit('helperExit', exit)
  }

  #bind(session: HelperSession, listener: TailscaleListener, key: string, options: ListenOptions): Promise<void> {
    return session.listen(key, options, (socket, header) => this.#connected(listener, socket, header))
  }

  #connected(listener: TailscaleListener, socket: Socket, header: StreamHeader): void {
    const { identity } = header
    if (identity.kind === 'user' || identity.kind === 'tagged') this.#whoIs.put(identity)
    socket.allowHalfOpen = listener.options.allowHalfOpen ?? false
    if (!listener.emit('connection', asTailscaleSocket(socket, header))) socket.destroy()
  }

  async #unlisten(listener: TailscaleListener): Promise<void> {
    const key = this.#listeners.get(listener)
    this.#listeners.delete(listener)
    if (key) await this.#supervisor.running?.unlisten(key)
  }

  async #ask(address: string): Promise<PeerIdentity> {
    return peerIdentity(address, await this.#supervisor.inService().whoIs(address))
  }

  async #close(): Promise<void> {
    await this.#supervisor.close()
    await Promise.all([...this.#listeners.keys()].map(listener => listener.close()))
    this.#enter('Closed')
  }

  #enter(state: NodeState): void {
    const previous = this.#state
    if (state === previous) return
    this.#state = state
    this.emit('state', state, previous)
  }
}

function publicStatus({ udpPort: _, ...status }: WireStatus): NodeStatus {
  return status
}
