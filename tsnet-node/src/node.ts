import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { splitAddress } from './address.ts'
import { backOffMs, recoveredAfterMs } from './back-off.ts'
import { checkListenOptions, checkOptions } from './check-options.ts'
import { TailscaleError } from './errors.ts'
import type { HelperExit } from './helper-process.ts'
import { HelperSession } from './helper-session.ts'
import type { Identity, PeerIdentity } from './identity.ts'
import { TailscaleListener } from './listener.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ListenOptions, StateStore, TailscaleNodeOptions, WhoIsOptions } from './options.ts'
import { sameParty } from './same-party.ts'
import type { NodeState, NodeStatus } from './status.ts'
import type { StreamHeader } from './stream-header.ts'
import { asTailscaleSocket, type TailscaleSocket } from './tailscale-socket.ts'
import { createWhoIsCache } from './whois-cache.ts'
import { peerIdentity, type WireStatus } from './wire.ts'
import { withSignal } from './with-signal.ts'

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

const defaultPort = 41_641

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
  readonly #options: TailscaleNodeOptions
  readonly #store: StateStore
  readonly #listeners = new Map<TailscaleListener, string>()
  readonly #closing = new AbortController()
  readonly #whoIs = createWhoIsCache({ ask: address => this.#ask(address), now: Date.now })
  #state: NodeState = 'NoState'
  #starting: Promise<NodeStatus> | undefined
  #session: HelperSession | undefined
  #restarting: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #udpPort: number
  #localAddress = ''
  #lastKey = 0

  /** @throws TailscaleError `ERR_TSNET_OPTIONS` */
  constructor(options: TailscaleNodeOptions) {
    super()
    checkOptions(options)
    this.#options = options
    this.#store = options.stateStore ?? createMemoryStore()
    this.#udpPort = options.port ?? defaultPort
  }

  /** The last state heard of. */
  get state(): NodeState {
    return this.#state
  }

  /** Process id of the helper while there is one. */
  get helperPid(): number | undefined {
    return this.#session?.pid
  }

  /**
   * Joins the tailnet and resolves once traffic flows. Aborting ends the helper; `up` may then be called again.
   * @throws TailscaleError `ERR_TSNET_AUTH`, `ERR_TSNET_NEEDS_LOGIN`, `ERR_TSNET_STATE_LOCKED`, `ERR_TSNET_STATE_STORE`,
   * `ERR_TSNET_HELPER_MISSING`, `ERR_TSNET_HELPER_EXITED`, `ERR_TSNET_CLOSED`
   */
  async up({ signal }: { readonly signal?: AbortSignal } = {}): Promise<NodeStatus> {
    this.#throwIfClosed()
    if (this.#restarting) await withSignal(this.#restarting, signal)
    if (this.#session) return this.status(signal && { signal })
    this.#starting ??= this.#start(signal).finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /**
   * Listens on a TCP port of the tailnet.
   * @throws TailscaleError `ERR_TSNET_NOT_UP`, `ERR_TSNET_PORT_IN_USE`, `ERR_TSNET_OPTIONS`
   */
  async listen(options: ListenOptions): Promise<TailscaleListener> {
    checkListenOptions(options)
    const session = this.#up()
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
    this.#up()
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
    return publicStatus(await this.#up().askStatus(signal))
  }

  /** Leaves the tailnet and ends the helper, within about 4 s however many connections are open. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #start(signal: AbortSignal | undefined): Promise<NodeStatus> {
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal
    try {
      const session = await this.#startSession(stop)
      this.#run(session, performance.now(), 1)
      return publicStatus(session.status)
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#enter('NoState')
      throw error
    }
  }

  async #startSession(signal: AbortSignal): Promise<HelperSession> {
    const session = await HelperSession.start(
      this.#options,
      this.#store,
      this.#udpPort,
      {
        state: state => this.#enter(state),
        authUrl: url => this.emit('authUrl', url),
        health: warnings => this.emit('health', warnings),
        log: line => this.emit('log', line),
        storeFailed: error => this.emit('storeFailed', error),
      },
      signal,
    )
    this.#udpPort = session.status.udpPort // peers find a restarted node at once where they left it
    this.#localAddress = session.status.ips[0] ?? ''
    return session
  }

  /** Takes a session into service until it ends; `attempt` counts crashes in a row. */
  #run(session: HelperSession, since: number, attempt: number): void {
    this.#session = session
    void session.exited.then(exit => {
      this.#session = undefined
      this.#whoIs.clear()
      if (this.#closing.signal.aborted) return
      const recovered = performance.now() - since > recoveredAfterMs
      const restarting = this.#restart(recovered ? 1 : attempt).finally(() => {
        if (this.#restarting === restarting) this.#restarting = undefined // it may have crashed again already
      })
      this.#restarting = restarting
      this.#enter('Restarting')
      this.emit('helperExit', exit)
    })
  }

  async #restart(first: number): Promise<void> {
    for (let attempt = first; ; attempt++) {
      try {
        await sleep(backOffMs(attempt), undefined, { signal: this.#closing.signal })
        const session = await this.#startSession(this.#closing.signal)
        await this.#bindAll(session)
        this.#run(session, performance.now(), attempt + 1)
        break
      } catch (error) {
        if (this.#closing.signal.aborted) return
        this.emit('restartFailed', asTailscaleError(error))
      }
    }
    this.emit('restarted')
  }

  async #bindAll(session: HelperSession): Promise<void> {
    try {
      for (const [listener, key] of this.#listeners) {
        const { signal: _, ...options } = listener.options // it bounded the first call only
        await this.#bind(session, listener, key, options)
        if (!this.#listeners.has(listener)) await session.unlisten(key) // closed meanwhile
      }
    } catch (error) {
      await session.close()
      throw error
    }
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
    if (key) await this.#session?.unlisten(key)
  }

  async #ask(address: string): Promise<PeerIdentity> {
    return peerIdentity(address, await this.#up().whoIs(address))
  }

  async #close(): Promise<void> {
    this.#closing.abort(new TailscaleError('ERR_TSNET_CLOSED', 'the node is closed'))
    await Promise.allSettled([this.#starting, this.#restarting])
    await this.#session?.close()
    await Promise.all([...this.#listeners.keys()].map(listener => listener.close()))
    this.#enter('Closed')
  }

  #enter(state: NodeState): void {
    const previous = this.#state
    if (state === previous) return
    this.#state = state
    this.emit('state', state, previous)
  }

  #up(): HelperSession {
    this.#throwIfClosed()
    if (this.#session) return this.#session
    throw this.#restarting
      ? new TailscaleError('ERR_TSNET_HELPER_EXITED', 'the helper is being started again')
      : new TailscaleError('ERR_TSNET_NOT_UP', 'call up() first')
  }

  #throwIfClosed(): void {
    this.#closing.signal.throwIfAborted()
  }
}

function publicStatus({ udpPort: _, ...status }: WireStatus): NodeStatus {
  return status
}

function asTailscaleError(error: unknown): TailscaleError {
  if (error instanceof TailscaleError) return error
  return new TailscaleError('ERR_TSNET', error instanceof Error ? error.message : String(error), { cause: error })
}
