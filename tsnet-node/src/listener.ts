import { EventEmitter } from 'node:events'
import { familyOf } from './address.ts'
import { connectionsOf } from './connections.ts'
import type { ListenOptions } from './options.ts'
import type { TailscaleSocket } from './tailscale-socket.ts'

/** Events of a listener. */
export interface ListenerEvents {
  connection: [socket: TailscaleSocket]
  close: []
}

/** What a listener needs of its node. */
export interface ListenerOwner {
  readonly localAddress: () => string
  readonly holdProgram: (listener: TailscaleListener, hold: boolean) => void
  readonly unlisten: (listener: TailscaleListener) => Promise<void>
}

/**
 * A port of the tailnet, in the shape of `net.Server`. It survives a restart of the helper. A connection that comes while
 * nobody listens for `'connection'` is closed.
 */
export class TailscaleListener extends EventEmitter<ListenerEvents> implements AsyncDisposable {
  readonly options: ListenOptions
  readonly #owner: ListenerOwner
  #closed: Promise<void> | undefined
  #holdsProgram = true

  constructor(options: ListenOptions, owner: ListenerOwner) {
    super()
    this.options = options
    this.#owner = owner
  }

  /** Where it listens. */
  address(): { readonly address: string; readonly port: number; readonly family: 'IPv4' | 'IPv6' } {
    const address = this.#owner.localAddress()
    return { address, port: this.options.port, family: familyOf(address) }
  }

  /** Whether it takes connections; false once it closes. */
  get listening(): boolean {
    return this.#closed === undefined
  }

  /** Whether it keeps the program from ending. */
  hasRef(): boolean {
    return this.#holdsProgram
  }

  /** Keeps the program from ending while it listens, as it does unless told otherwise. */
  ref(): this {
    return this.#hold(true)
  }

  /** Lets the program end while it listens. */
  unref(): this {
    return this.#hold(false)
  }

  /** Stops listening; open connections stay. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#owner.unlisten(this).finally(() => this.emit('close'))
    return this.#closed
  }

  /** The connections, as they come, until the listener closes. */
  [Symbol.asyncIterator](): AsyncIterator<TailscaleSocket> {
    return connectionsOf(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #hold(hold: boolean): this {
    this.#holdsProgram = hold
    this.#owner.holdProgram(this, hold)
    return this
  }
}
