import type { Socket } from 'node:net'
import { bareHost, type DialOptions } from './dial.ts'
import { createDials } from './dials.ts'
import { TailscaleError } from './errors.ts'
import { type HelperExit, HelperProcess } from './helper-process.ts'
import { locateHelper } from './locate-helper.ts'
import type { CertPair, ListenOptions, StateStore, TailscaleNodeOptions } from './options.ts'
import type { NodeState } from './status.ts'
import { openStreamServer, type StreamServer } from './stream-server.ts'
import { createStreamTable, type StreamTable } from './stream-table.ts'
import { asDialledSocket } from './tailscale-socket.ts'
import {
  type DialledHeader,
  parseDialledHeader,
  parseHeader,
  type StreamHeader,
  type WireAnswer,
  type WireNodeAnswer,
  type WireStatus,
} from './wire.ts'

/** What one helper reports while it runs. */
export interface SessionEvents {
  readonly state: (state: NodeState) => void
  readonly authUrl: (url: string) => void
  readonly health: (warnings: readonly string[]) => void
  readonly keyExpiry: (expiresAt: number | undefined) => void
  readonly log: (line: { readonly level: 'info' | 'debug'; readonly message: string }) => void
  readonly drop: (dropped: DroppedConnections) => void
  readonly storeFailed: (error: TailscaleError) => void
}

/** Connections that were closed since too many were open. */
export interface DroppedConnections {
  /** Since the last time that any were told of. */
  readonly count: number
  /** Whose the last one was. */
  readonly remoteAddress: string
}

/** A WhoIs that takes longer has failed. */
const whoIsWithinMs = 5_000

/** Bound of one dial where its caller gives none. */
const dialWithinMs = 10_000

/** Name of the stream server for dialled connections; listeners have names of their own. */
const dialled = 'dialled'

/** One helper from its start to its end, with its streams. */
export class HelperSession {
  readonly #helper: HelperProcess
  readonly #servers = new Map<string, StreamServer>()
  readonly #streams: StreamTable
  readonly #dials = createDials()
  #dialServer: Promise<StreamServer> | undefined
  /** What `up` answered. */
  readonly status: WireStatus

  private constructor(helper: HelperProcess, streams: StreamTable, status: WireStatus) {
    this.#helper = helper
    this.#streams = streams
    this.status = status
    void helper.exited.then(() => {
      this.#dials.fail(new TailscaleError('ERR_TSNET_HELPER_EXITED', 'the tailnet node ended'))
      for (const server of this.#servers.values()) server.close()
    })
  }

  /** Starts a helper and waits until its node is up. If that fails, or is aborted, nothing of it is left. */
  static async start(
    options: TailscaleNodeOptions,
    store: StateStore,
    port: number,
    events: SessionEvents,
    signal: AbortSignal,
  ): Promise<HelperSession> {
    signal.throwIfAborted()
    const streams = createStreamTable(stream => helper.tell('drop', { stream }))
    const helper = await HelperProcess.start(locateHelper(options.helperPath), options.env ?? {}, {
      event: (name, data) => dispatch(events, streams, name, data),
      call: (op, args) => answerStore(store, op, args),
      end: () => streams.resetAll(),
    })
    try {
      await helper.ask('start', startArgs(options, port, helper.privateDir), signal)
      return new HelperSession(helper, streams, await askUp(helper, signal))
    } catch (error) {
      await helper.close()
      throw error
    }
  }

  get exited(): Promise<HelperExit> {
    return this.#helper.exited
  }

  get pid(): number {
    return this.#helper.pid
  }

  get privateDir(): string {
    return this.#helper.privateDir
  }

  async listen(key: string, options: ListenOptions, onStream: (socket: Socket, header: StreamHeader) => void) {
    const server = await openStreamServer(this.#helper.privateDir, parseHeader, (socket, header) => {
      this.#streams.add(header.stream, socket)
      onStream(socket, header)
    })
    this.#servers.set(key, server)
    try {
      await this.#helper.ask(
        'listen',
        {
          key,
          port: options.port,
          tls: options.tls !== undefined && options.tls !== false,
          alpn: typeof options.tls === 'object' ? options.tls.alpn : ['http/1.1'],
          acceptUnknown: options.unknownPeers === 'accept',
          socket: server.path,
          token: server.token,
        },
        options.signal,
      )
    } catch (error) {
      await this.unlisten(key)
      throw error
    }
  }

  /** Whether a listener keeps the program from ending. */
  holdProgram(key: string, hold: boolean): void {
    this.#servers.get(key)?.holdProgram(hold)
  }

  /** Ends a listener; a connection that the helper is just admitting is cut, those that are open stay. */
  async unlisten(key: string): Promise<void> {
    this.#servers.get(key)?.close()
    this.#servers.delete(key)
    await this.#helper.ask('unlisten', { key }).catch(ignoreEnded)
  }

  /** Connects to a host of the tailnet. */
  async dial({ host, port, timeoutMs = dialWithinMs, allowHalfOpen = false, signal }: DialOptions): Promise<Socket> {
    this.#dialServer ??= this.#openDialServer()
    const { path: socket, token } = await this.#dialServer
    const stream = await this.#dials.begin(dial =>
      this.#helper.ask('dial', { dial, host: bareHost(host), port, timeoutMs, socket, token }, signal),
    )
    stream.allowHalfOpen = allowHalfOpen
    return stream
  }

  async whoIs(ip: string): Promise<WireAnswer> {
    return (await this.#askWhoIs('whois', { ip })) as WireAnswer
  }

  async whoIsNode(id: string): Promise<WireNodeAnswer> {
    return (await this.#askWhoIs('whoisNode', { id })) as WireNodeAnswer
  }

  async #askWhoIs(op: string, args: unknown): Promise<unknown> {
    const limit = AbortSignal.timeout(whoIsWithinMs)
    try {
      return await this.#helper.ask(op, args, limit)
    } catch (cause) {
      if (!limit.aborted) throw cause
      throw new TailscaleError('ERR_TSNET_WHOIS', `WhoIs did not answer within ${whoIsWithinMs} ms`, { cause })
    }
  }

  async certPair(domain: string, signal: AbortSignal): Promise<CertPair> {
    return (await this.#helper.ask('cert', { domain }, signal)) as CertPair
  }

  async logout(signal: AbortSignal): Promise<void> {
    await this.#helper.ask('logout', {}, signal)
  }

  /** Waits until the node is up; one whose key has expired is logged in anew. */
  askUp(signal?: AbortSignal): Promise<WireStatus> {
    return askUp(this.#helper, signal)
  }

  async askStatus(signal?: AbortSignal): Promise<WireStatus> {
    return (await this.#helper.ask('status', {}, signal)) as WireStatus
  }

  close(): Promise<void> {
    this.#streams.resetAll()
    return this.#helper.close()
  }

  async #openDialServer(): Promise<StreamServer> {
    const take = (socket: Socket, header: DialledHeader) => {
      this.#streams.add(header.stream, socket)
      if (!this.#dials.arrive(header.dial, asDialledSocket(socket, header))) socket.destroy()
    }
    const server = await openStreamServer(this.#helper.privateDir, parseDialledHeader, take)
    server.holdProgram(false) // a dial that is on its way does
    this.#servers.set(dialled, server)
    return server
  }
}

async function askUp(helper: HelperProcess, signal: AbortSignal | undefined): Promise<WireStatus> {
  return (await helper.ask('up', {}, signal)) as WireStatus
}

function startArgs(options: TailscaleNodeOptions, port: number, privateDir: string) {
  const { hostname, authKey, clientSecret, controlUrl, ephemeral, tags, stateDir, interactive, verbose } = options
  const { maxConnections = 4_096 } = options
  return {
    hostname,
    authKey,
    clientSecret,
    controlUrl,
    ephemeral,
    tags,
    port,
    stateDir,
    maxConnections,
    interactive,
    verbose,
    privateDir,
  }
}

function dispatch(events: SessionEvents, streams: StreamTable, name: string, data: unknown): void {
  // The helper is ours; an event it does not have yet is one that nobody waits for.
  switch (name) {
    case 'streamEnd':
      streams.end((data as { stream: number }).stream)
      break
    case 'streamReset':
      streams.reset((data as { stream: number }).stream)
      break
    case 'state':
      events.state((data as { state: NodeState }).state)
      break
    case 'authUrl':
      events.authUrl((data as { url: string }).url)
      break
    case 'health':
      events.health((data as { warnings: readonly string[] }).warnings)
      break
    case 'keyExpiry':
      events.keyExpiry((data as { expiresAt?: number }).expiresAt)
      break
    case 'log':
      events.log(data as { level: 'info' | 'debug'; message: string })
      break
    case 'drop':
      events.drop(data as DroppedConnections)
      break
    case 'storeFailed':
      events.storeFailed(new TailscaleError('ERR_TSNET_STATE_STORE', (data as { message: string }).message))
      break
  }
}

async function answerStore(store: StateStore, op: string, args: unknown): Promise<unknown> {
  const { key, value } = args as { key: string; value?: string }
  switch (op) {
    case 'store.read': {
      const found = await store.read(key)
      return { value: found && Buffer.from(found).toString('base64') }
    }
    case 'store.write':
      await store.write(key, Buffer.from(value ?? '', 'base64'))
      return {}
  }
  throw new TailscaleError('ERR_TSNET_PROTOCOL', `the helper asks for ${op}`)
}

function ignoreEnded(error: unknown): void {
  if (!(error instanceof TailscaleError && error.code === 'ERR_TSNET_HELPER_EXITED')) throw error
}
