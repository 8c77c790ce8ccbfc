import { EventEmitter } from 'node:events'
import type { Agent, AgentOptions as HttpAgentOptions } from 'node:http'
import type { Agent as HttpsAgent, AgentOptions as HttpsAgentOptions } from 'node:https'
import type { Server, Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { splitAddress } from './address.ts'
import { TailnetHttpAgent, TailnetHttpsAgent } from './agents.ts'
import { checkListenOptions, checkOptions } from './check-options.ts'
import { type Connector, createConnector } from './connector.ts'
import { checkDialOptions, type Dial, type DialOptions } from './dial.ts'
import { TailscaleError } from './errors.ts'
import type { HelperExit } from './helper-process.ts'
import type { DroppedConnections, HelperSession } from './helper-session.ts'
import type { Identity, PeerIdentity } from './identity.ts'
import { beginTimeouts, intakeOf } from './intake.ts'
import { TailscaleListener } from './listener.ts'
import { createMemoryStore } from './memory-store.ts'
import type { CallOptions, CertPair, ListenOptions, TailscaleNodeOptions, WhoIsOptions } from './options.ts'
import { sameParty } from './same-party.ts'
import type { NodeState, NodeStatus } from './status.ts'
import { Supervisor } from './supervisor.ts'
import { asTailscaleSocket, type TailscaleSocket } from './tailscale-socket.ts'
import { createWhoIsCache } from './whois-cache.ts'
import { peerIdentity, type StreamHeader, type WireStatus } from './wire.ts'
import { withSignal } from './with-signal.ts'

/** Events of a node. */
export interface NodeEvents {
  state: [state: NodeState, previous: NodeState]
  /** Open this URL in a browser to log the node in. */
  authUrl: [url: string]
  health: [warnings: readonly string[]]
  /** When this node's key expires, in milliseconds since the epoch, or that it never does; again at each change. */
  keyExpiry: [expiresAt: number | undefined]
  /** More connections came than may be open (`maxConnections`) and were closed; told at most every ten seconds. */
  drop: [dropped: DroppedConnections]
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
      keyExpiry: expiresAt => this.emit('keyExpiry', expiresAt),
      log: line => this.emit('log', line),
      drop: dropped => this.emit('drop', dropped),
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
   * Joins the tailnet and resolves once traffic flows. Aborting ends the helper; `up` may then be called again. It is also
   * the way back in when the node's key has expired, which the state `NeedsLogin` tells.
   * @throws TailscaleError `ERR_TSNET_AUTH`, `ERR_TSNET_NEEDS_LOGIN`, `ERR_TSNET_NEEDS_APPROVAL`, `ERR_TSNET_STATE_LOCKED`,
   * `ERR_TSNET_STATE_STORE`, `ERR_TSNET_HELPER_MISSING`, `ERR_TSNET_HELPER_EXITED`, `ERR_TSNET_CLOSED`
   */
  async up({ signal }: CallOptions = {}): Promise<NodeStatus> {
    const status = await this.#supervisor.up(signal)
    this.#localAddress = status.ips[0] ?? '' // another one if the tailnet had forgotten the node
    return publicStatus(status)
  }

  /**
   * Listens on a TCP port of the tailnet.
   * @throws TailscaleError `ERR_TSNET_NOT_UP`, `ERR_TSNET_PORT_IN_USE`, `ERR_TSNET_OPTIONS`; for TLS where the tailnet issues
   * no certificates `ERR_TSNET_CERT`
   */
  async listen(options: ListenOptions): Promise<TailscaleListener> {
    checkListenOptions(options)
    const session = this.#supervisor.inService()
    if ([...this.#listeners.keys()].some(other => other.options.port === options.port)) {
      throw new TailscaleError('ERR_TSNET_PORT_IN_USE', `port ${options.port} of this node is listened on already`)
    }
    const listener = new TailscaleListener(options, {
      localAddress: () => this.#localAddress,
      holdProgram: (held, hold) => this.#holdProgram(held, hold),
      unlisten: ended => this.#unlisten(ended),
    })
    const key = `listener-${++this.#lastKey}`
    this.#listeners.set(listener, key)
    try {
      if (options.tls) requireCertificates(await session.askStatus(options.signal))
      await this.#bind(session, listener, key, options)
    } catch (error) {
      this.#listeners.delete(listener)
      throw error
    }
    return listener
  }

  /**
   * Feeds the tailnet's connections on a port to a server of Node's (`http`, `http2`, `net`, and those of frameworks), which
   * then are each a {@link TailscaleSocket}. The server need not listen anywhere; its timeouts and upgrades work. TLS ends in
   * the helper and needs no certificate here: give an `http.Server`, or an `http2` secure server for HTTP/2 beside HTTP/1.1.
   */
  async serve(server: Server, options: ListenOptions): Promise<TailscaleListener> {
    const { event, alpn, allowHalfOpen } = intakeOf(server, Boolean(options.tls))
    const tls = options.tls === true ? { alpn } : (options.tls ?? false)
    const listener = await this.listen({ ...options, allowHalfOpen: options.allowHalfOpen ?? allowHalfOpen, tls })
    listener.on('connection', socket => server.emit(event, socket))
    beginTimeouts(server)
    return listener
  }

  /**
   * Connects to a host of the tailnet. The socket's addresses are the tailnet's; `whoIs(socket.remoteAddress)` says whose
   * it is.
   * @throws TailscaleError `ERR_TSNET_REFUSED`, `ERR_TSNET_NAME_NOT_FOUND`, `ERR_TSNET_TIMEOUT`, `ERR_TSNET_UNREACHABLE`,
   * `ERR_TSNET_OPTIONS`, `ERR_TSNET_NOT_UP`, `ERR_TSNET_HELPER_EXITED`
   */
  readonly dial: Dial = async (options: DialOptions) => {
    checkDialOptions(options)
    return this.#supervisor.inService().dial(options)
  }

  /**
   * A `connect` function for undici, so that `fetch` reaches the tailnet; the options are for the TLS of `https:` URLs.
   * @example
   * const dispatcher = new Agent({ connect: node.connector() })
   * await fetch('http://grafana/', { dispatcher })
   */
  connector(tls?: ConnectionOptions): Connector {
    return createConnector(this.dial, tls)
  }

  /** An agent for `http.request` and whatever takes one. */
  httpAgent(options?: HttpAgentOptions): Agent {
    return new TailnetHttpAgent(this.dial, options)
  }

  /** An agent for `https.request`, with TLS from here to the server. */
  httpsAgent(options?: HttpsAgentOptions): HttpsAgent {
    return new TailnetHttpsAgent(this.dial, options)
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
   * Who has the node with this stable id (`identity.node.id`) now, without a connection, and while it is offline too. The
   * answer's `remoteAddress` is the node's first address.
   * @throws TailscaleError `ERR_TSNET_PEER_NOT_FOUND` and what `whoIs` throws
   */
  async whoIsNode(id: string, { signal }: CallOptions = {}): Promise<PeerIdentity> {
    signal?.throwIfAborted()
    const { ip, ...answer } = await withSignal(this.#supervisor.inService().whoIsNode(id), signal)
    const identity = peerIdentity(ip, answer)
    this.#whoIs.put(identity)
    return identity
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
    const now = await this.whoIs(remoteAddress, { ...options, maxAgeMs: options.maxAgeMs ?? 2_000 })
    if (!sameParty(connected, now)) {
      const error = new TailscaleError('ERR_TSNET_IDENTITY_CHANGED', `${remoteAddress} is not who it was`)
      socket.destroy(error)
      throw error
    }
    return { ...now, remotePort, ...(tls && { tls }) }
  }

  /**
   * The tailnet's certificate for a name of this node (`status().certDomains` lists them), for a server that ends TLS
   * itself. The first time it is ordered, which takes up to a minute.
   * @throws TailscaleError `ERR_TSNET_CERT`
   */
  async certPair(domain: string, { signal }: CallOptions = {}): Promise<CertPair> {
    return this.#supervisor.inService().certPair(domain, within(certWithinMs, signal))
  }

  /**
   * Makes the tailnet forget this node's key, and ends the helper. `up` may be called again: it logs in anew, and the
   * listeners that were not closed come back.
   */
  async logout({ signal }: CallOptions = {}): Promise<void> {
    await this.#supervisor.logout(within(logoutWithinMs, signal))
    this.#whoIs.clear()
    this.#enter('NeedsLogin')
  }

  /** What the node knows about itself. */
  async status({ signal }: CallOptions = {}): Promise<NodeStatus> {
    return publicStatus(await this.#supervisor.inService().askStatus(signal))
  }

  /** Leaves the tailnet and ends the helper, within about 3 s however many connections are open. Idempotent. */
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

  async #bind(session: HelperSession, listener: TailscaleListener, key: string, options: ListenOptions): Promise<void> {
    await session.listen(key, options, (socket, header) => this.#connected(listener, socket, header))
    session.holdProgram(key, listener.hasRef())
  }

  #holdProgram(listener: TailscaleListener, hold: boolean): void {
    const key = this.#listeners.get(listener)
    if (key) this.#supervisor.running?.holdProgram(key, hold)
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

/** An order at a certificate authority takes its time. */
const certWithinMs = 60_000
const logoutWithinMs = 10_000

function within(ms: number, signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(ms)
  return signal ? AbortSignal.any([limit, signal]) : limit
}

function requireCertificates({ certDomains }: WireStatus): void {
  if (certDomains.length > 0) return
  throw new TailscaleError('ERR_TSNET_CERT', 'the tailnet issues no certificates: turn HTTPS on for it')
}

function publicStatus({ udpPort: _, ...status }: WireStatus): NodeStatus {
  return status
}
