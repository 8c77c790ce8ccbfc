import { setTimeout as sleep } from 'node:timers/promises'
import { backOffMs, recoveredAfterMs } from './back-off.ts'
import { TailscaleError } from './errors.ts'
import type { HelperExit } from './helper-process.ts'
import { HelperSession, type SessionEvents } from './helper-session.ts'
import type { StateStore, TailscaleNodeOptions } from './options.ts'
import type { WireStatus } from './wire.ts'
import { withSignal } from './with-signal.ts'

/** What the supervisor tells its node, and asks of it. */
export interface SupervisorHooks extends SessionEvents {
  /** A helper's node is up, the first or one after a crash; rejecting ends it. */
  readonly ready: (session: HelperSession) => Promise<void>
  readonly crashed: (exit: HelperExit) => void
  readonly restarted: () => void
  readonly restartFailed: (error: TailscaleError) => void
}

const defaultPort = 41_641

/** Keeps one helper running from `up` to `close`, over crashes. */
export class Supervisor {
  readonly #options: TailscaleNodeOptions
  readonly #store: StateStore
  readonly #hooks: SupervisorHooks
  readonly #closing = new AbortController()
  #udpPort: number
  #session: HelperSession | undefined
  #leaving: HelperSession | undefined
  #starting: Promise<WireStatus> | undefined
  #restarting: Promise<void> | undefined

  constructor(options: TailscaleNodeOptions, store: StateStore, hooks: SupervisorHooks) {
    this.#options = options
    this.#store = store
    this.#hooks = hooks
    this.#udpPort = options.port ?? defaultPort
  }

  /** The helper in service, if there is one. */
  get running(): HelperSession | undefined {
    return this.#session
  }

  /**
   * The helper in service, or the reason why there is none.
   * @throws TailscaleError `ERR_TSNET_CLOSED`, `ERR_TSNET_HELPER_EXITED`, `ERR_TSNET_NOT_UP`
   */
  inService(): HelperSession {
    this.#throwIfClosed()
    if (this.#session) return this.#session
    throw this.#restarting
      ? new TailscaleError('ERR_TSNET_HELPER_EXITED', 'the helper is being started again')
      : new TailscaleError('ERR_TSNET_NOT_UP', 'call up() first')
  }

  /** Starts the first helper, or waits for the one that is there or on its way. */
  async up(signal: AbortSignal | undefined): Promise<WireStatus> {
    this.#throwIfClosed()
    if (this.#restarting) await withSignal(this.#restarting, signal)
    if (this.#session) return this.#session.askUp(signal)
    if (this.#starting) return withSignal(this.#starting, signal)
    this.#starting = this.#start(signal).finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** Logs the node out and ends its helper; `up` may begin anew. */
  async logout(signal: AbortSignal): Promise<void> {
    const session = this.inService()
    await session.logout(signal)
    this.#leaving = session
    await session.close()
  }

  /** Ends whatever runs; nothing starts after it. */
  async close(): Promise<void> {
    this.#closing.abort(new TailscaleError('ERR_TSNET_CLOSED', 'the node is closed'))
    await Promise.allSettled([this.#starting, this.#restarting])
    await this.#session?.close()
  }

  async #start(signal: AbortSignal | undefined): Promise<WireStatus> {
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal
    try {
      const session = await this.#startSession(stop)
      this.#watch(session, 1)
      return session.status
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#hooks.state('NoState')
      throw error
    }
  }

  async #startSession(signal: AbortSignal): Promise<HelperSession> {
    const session = await HelperSession.start(this.#options, this.#store, this.#udpPort, this.#hooks, signal)
    this.#udpPort = session.status.udpPort // peers find a restarted node at once where they left it
    this.#session = session // before its listeners bring connections that ask who is there
    try {
      await this.#hooks.ready(session)
    } catch (error) {
      this.#session = undefined
      await session.close()
      throw error
    }
    return session
  }

  /** Waits for the end of a helper and starts the next one; `attempt` counts its crashes in a row. */
  #watch(session: HelperSession, attempt: number): void {
    const since = performance.now()
    void session.exited.then(exit => {
      this.#session = undefined
      if (this.#closing.signal.aborted || this.#leaving === session) return
      const recovered = performance.now() - since > recoveredAfterMs
      const restarting = this.#restart(recovered ? 1 : attempt).finally(() => {
        if (this.#restarting === restarting) this.#restarting = undefined // it may have crashed again already
      })
      this.#restarting = restarting
      this.#hooks.crashed(exit)
    })
  }

  async #restart(first: number): Promise<void> {
    for (let attempt = first; ; attempt++) {
      try {
        await sleep(backOffMs(attempt), undefined, { signal: this.#closing.signal })
        this.#watch(await this.#startSession(this.#closing.signal), attempt + 1)
        break
      } catch (error) {
        if (this.#closing.signal.aborted) return
        this.#hooks.restartFailed(asTailscaleError(error))
      }
    }
    this.#hooks.restarted()
  }

  #throwIfClosed(): void {
    this.#closing.signal.throwIfAborted()
  }
}

function asTailscaleError(error: unknown): TailscaleError {
  if (error instanceof TailscaleError) return error
  return new TailscaleError('ERR_TSNET', error instanceof Error ? error.message : String(error), { cause: error })
}
