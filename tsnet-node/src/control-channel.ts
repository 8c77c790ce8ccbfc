import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { TailscaleError, type TailscaleErrorCode } from './errors.ts'

/** What the helper may want of this side. */
export interface ControlHandlers {
  readonly event: (name: string, data: unknown) => void
  readonly call: (op: string, args: unknown) => Promise<unknown>
  /** The helper is gone. */
  readonly end: () => void
}

interface Message {
  readonly id?: number
  readonly call?: number
  readonly op?: string
  readonly args?: unknown
  readonly result?: unknown
  readonly error?: { readonly code: TailscaleErrorCode; readonly message: string }
  readonly event?: string
  readonly data?: unknown
}

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Questions and answers with the helper, one JSON object a line (the protocol: helper/main.go). */
export class ControlChannel {
  readonly #stream: Socket
  readonly #handlers: ControlHandlers
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #failure: TailscaleError | undefined

  constructor(stream: Socket, handlers: ControlHandlers) {
    this.#stream = stream
    stream.unref() // only questions hold the program
    this.#handlers = handlers
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', line => this.#take(line))
    stream.once('end', handlers.end).once('close', handlers.end)
    for (const emitter of [stream, lines]) emitter.on('error', () => {}) // the end of the process says more
  }

  /** Asks the helper. An abort rejects at once and tells the helper to stop. */
  async ask(op: string, args: unknown, signal?: AbortSignal): Promise<unknown> {
    if (this.#failure) throw this.#failure
    signal?.throwIfAborted()
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const abort = () => {
      this.#send({ id: ++this.#lastId, op: 'cancel', args: { target: id } })
      reject(signal?.reason)
    }
    this.#pending.set(id, { resolve, reject })
    this.#stream.ref()
    signal?.addEventListener('abort', abort, { once: true })
    this.#send({ id, op, args })
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#stream.unref()
    }
  }

  /** Tells the helper something that it does not answer. */
  tell(op: string, args: unknown): void {
    this.#send({ op, args })
  }

  /** Tells the helper to end. */
  end(): void {
    this.#stream.end()
  }

  /** Rejects everything that waits, and every later question. */
  fail(error: TailscaleError): void {
    this.#failure ??= error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }

  #take(line: string): void {
    let message: Message
    try {
      message = JSON.parse(line) as Message // from our own helper, whose types stand beside its protocol
    } catch (cause) {
      this.fail(new TailscaleError('ERR_TSNET_PROTOCOL', 'the helper sent something that is not JSON', { cause }))
      this.#stream.destroy()
      return
    }
    if (message.event !== undefined) this.#handlers.event(message.event, message.data)
    else if (message.call !== undefined) void this.#answer(message.call, message.op ?? '', message.args)
    else if (message.id !== undefined) this.#settle(message.id, message)
  }

  #settle(id: number, { result, error }: Message): void {
    const pending = this.#pending.get(id)
    if (error) pending?.reject(new TailscaleError(error.code, error.message))
    else pending?.resolve(result)
  }

  async #answer(call: number, op: string, args: unknown): Promise<void> {
    try {
      this.#send({ call, result: (await this.#handlers.call(op, args)) ?? {} })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#send({ call, error: { code: 'ERR_TSNET', message } })
    }
  }

  #send(message: Message): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`)
  }
}
