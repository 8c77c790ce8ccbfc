import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { finished } from 'node:stream/promises'
import { type Attributes, SpanKind } from '@opentelemetry/api'
import type { HttpMessage, TkaEvent } from '#events'
import type { Sink } from './environment.ts'
import { inSpan } from './telemetry/in-span.ts'
import { traceAttributes, traceHeaders } from './trace-context.ts'

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
  readonly sink: Sink
  readonly sign: (event: TkaEvent) => Promise<HttpMessage>
  /** Headers that say who sends, of each event anew (environment.ts, `senderOf`). */
  readonly sender: () => Promise<Readonly<Record<string, string>>>
}

/**
 * Makes the way out for events that no delivery caused. The in-memory broker answers only after every delivery, retry and dead letter,
 * and an abort cancels those: the signal of a call is the whole time that one is willing to wait.
 */
export function createEmitter({ sink, sign, sender }: EmitterOptions): Emit {
  return (event, { signal }) =>
    inSpan(`send ${event.type}`, { kind: SpanKind.PRODUCER, attributes: describe(event) }, async () => {
      const [message, who] = await Promise.all([sign(event), sender()])
      await postMessage(sink, message, { signal, headers: { ...traceHeaders(), ...traceAttributes(), ...who } })
    })
}

function describe({ id, type, source }: TkaEvent): Attributes {
  return {
    'messaging.operation.type': 'send',
    'cloudevents.event_id': id,
    'cloudevents.event_type': type,
    'cloudevents.event_source': source,
  }
}

/**
 * POSTs a message, signed or not, to a sink. Anything but 2xx is {@link EmitFailed}; redirections are not followed.
 * By Node's own client, which sends plain HTTP through a proxy as it is, where `fetch` would ask for a tunnel.
 */
export async function postMessage(
  sink: Sink,
  message: HttpMessage,
  options: { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
): Promise<void> {
  const { signal, headers } = options
  const status = await post(sink, { ...headers, ...message.headers }, message.body, signal).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason
    throw new EmitFailed(`the sink ${sink.url.host} could not be reached`, { cause })
  })
  if (status < 200 || status > 299) throw new EmitFailed(`the sink ${sink.url.host} answered ${status}`, { status })
}

/** Resolves to the status, once the whole answer has come. */
async function post(
  { url, ca }: Sink,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<number> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const trusted = ca === undefined ? {} : { ca }
  const outgoing = send(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': body.length },
    signal,
    ...trusted,
  })
  // An abort may fail the request after its failure was told: an error without a listener would end the process.
  outgoing.on('error', () => undefined)
  outgoing.end(body)
  const [response]: IncomingMessage[] = await once(outgoing, 'response')
  if (response === undefined) throw new Error('no answer')
  response.resume()
  await finished(response)
  return response.statusCode ?? 0
}
