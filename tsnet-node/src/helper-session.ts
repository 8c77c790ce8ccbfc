import type { Socket } from 'node:net'
import { TailscaleError } from './errors.ts'
import { type HelperExit, HelperProcess } from './helper-process.ts'
import { locateHelper } from './locate-helper.ts'
import type { ListenOptions, StateStore, TailscaleNodeOptions } from './options.ts'
import type { NodeState } from './status.ts'
import type { StreamHeader } from './stream-header.ts'
import { openStreamServer, type StreamServer } from './stream-server.ts'
import type { WireAnswer, WireStatus } from './wire.ts'

/** What one helper reports while it runs. */
export interface SessionEvents {
  readonly state: (state: NodeState) => void
  readonly authUrl: (url: string) => void
  readonly health: (warnings: readonly string[]) => void
  readonly log: (line: { readonly level: 'info' | 'debug'; readonly message: string }) => void
  readonly storeFailed: (error: TailscaleError) => void
}

/** A WhoIs that takes longer has failed. */
const whoIsWithinMs = 5_000

/** One helper from its start to its end, with the streams of its listeners. */
export class HelperSession {
  readonly #helper: HelperProcess
  readonly #servers = new Map<string, StreamServer>()
  /** What `up` answered. */
  readonly status: WireStatus

  private constructor(helper: HelperProcess, status: WireStatus) {
    this.#helper = helper
    this.status = status
    void helper.exited.then(() => {
      const reset = Object.assign(new Error('the tailnet node ended'), { code: 'ECONNRESET' })
      for (const server of this.#servers.values()) {
        server.close()
        server.destroyStreams(reset)
      }
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
    const helper = await HelperProcess.start(locateHelper(options.helperPath), options.env ?? {}, {
      event: (name, data) => dispatch(events, name, data),
      call: (op, args) => answerStore(store, op, args),
    })
    try {
      await helper.ask('start', startArgs(options, port, helper.privateDir), signal)
      return new HelperSession(helper, (await helper.ask('up', {}, signal)) as WireStatus)
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
    const server = await openStreamServer(this.#helper.privateDir, onStream)
    this.#servers.set(key, server)
    try {
      await this.#helper.ask(
        'listen',
        {
          key,
          port: options.port,
          tls: options.tls ?? false,
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

  /** Ends a listener; a connection that the helper is just admitting is cut, those that are open stay. */
  async unlisten(key: string): Promise<void> {
    this.#servers.get(key)?.close()
    await this.#helper.ask('unlisten', { key }).catch(ignoreEnded)
  }

  async whoIs(ip: string): Promise<WireAnswer> {
    const limit = AbortSignal.timeout(whoIsWithinMs)
    try {
      return (await this.#helper.ask('whois', { ip }, limit)) as WireAnswer
    } catch (cause) {
      if (!limit.aborted) throw cause
      throw new TailscaleError('ERR_TSNET_WHOIS', `WhoIs did not answer within ${whoIsWithinMs} ms`, { cause })
    }
  }

  async askStatus(signal?: AbortSignal): Promise<WireStatus> {
    return (await this.#helper.ask('status', {}, signal)) as WireStatus
  }

  close(): Promise<void> {
    return this.#helper.close()
  }
}

function startArgs(options: TailscaleNodeOptions, port: number, privateDir: string) {
  const { hostname, authKey, controlUrl, ephemeral, tags, stateDir, interactive, verbose } = options
  return { hostname, authKey, controlUrl, ephemeral, tags, port, stateDir, interactive, verbose, privateDir }
}

function dispatch(events: SessionEvents, name: string, data: unknown): void {
  // The helper is ours; an event it does not have yet is one that nobody waits for.
  switch (name) {
    case 'state':
      events.state((data as { state: NodeState }).state)
      break
    case 'authUrl':
      events.authUrl((data as { url: string }).url)
      break
    case 'health':
      events.health((data as { warnings: readonly string[] }).warnings)
      break
    case 'log':
      events.log(data as { level: 'info' | 'debug'; message: string })
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
