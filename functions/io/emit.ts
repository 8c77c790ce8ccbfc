import type { HttpMessage, TkaEvent } from '#events'
import type { Telemetry } from './telemetry.ts'

/** POSTs an event to the sink; rejects with {@link EmitFailed}, or with the signal's reason. */
export type Emit = (event: TkaEvent, options: { readonly signal: AbortSignal }) => Promise<void>

/** The Broker did not take an event. Without a status it is not even known whether it did. */
export class EmitFailed extends Error {
  override readonly name = 'EmitFailed'
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined

  constructor(message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.status = options.status
  }
}

export interface EmitterOptions {
  readonly sink: URL
  readonly sign: (event: TkaEvent) => Promise<HttpMessage>
  readonly telemetry: Pick<Telemetry, 'traceHeaders'>
}

/**
 * Makes the way out for events that no delivery caused. The in-memory broker answers only after every delivery, retry and dead letter,
 * and an abort cancels those: the signal of a call is the whole time that one is willing to wait.
 */
export function createEmitter({ sink, sign, telemetry }: EmitterOptions): Emit {
  return async (event, { signal }) =>
    postMessage(sink, await sign(event), { signal, headers: telemetry.traceHeaders() })
}

/** POSTs a message, signed or not, to a sink. Anything but 2xx is {@link EmitFailed}. */
export async function postMessage(
  sink: URL,
  message: HttpMessage,
  options: { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
): Promise<void> {
  const { signal, headers } = options
  const response = await fetch(sink, {
    method: 'POST',
    headers: { ...headers, ...message.headers },
    body: Buffer.from(message.body),
    redirect: 'manual',
    signal,
  }).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason
    throw new EmitFailed(`the sink ${sink.host} could not be reached`, { cause })
  })
  await response.body?.cancel()
  if (!response.ok)
    throw new EmitFailed(`the sink ${sink.host} answered ${response.status}`, { status: response.status })
}
