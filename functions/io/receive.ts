import { SpanStatusCode } from '@opentelemetry/api'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import {
  decodeHint,
  type EventOf,
  EventRefused,
  type EventType,
  type FunctionName,
  type Hint,
  type HttpMessage,
  largestBodyBytes,
  type TkaEvent,
} from '#events'
import { answerFailure, type FailureAnswer, refusal } from './answer-failure.ts'
import type { EventKeys } from './load-keys.ts'
import type { Logger } from './log.ts'
import { madeAt } from './made-at.ts'
import { answerPing } from './ping.ts'
import type { Telemetry } from './telemetry.ts'
import { traceAttributes } from './trace-context.ts'
import { verifyEvent } from './verify-event.ts'

/** What a handler gets beside its event. */
export interface EventContext {
  /** Aborts when the sender has stopped waiting for sure: every call of the handler ends with it. */
  readonly signal: AbortSignal
  /** The message as it came, for whoever must look at more than was signed. */
  readonly message: HttpMessage
  /** Carries the event's type and id. */
  readonly log: Logger
}

export interface EventServerOptions<T extends EventType> {
  readonly function: FunctionName
  readonly cluster: string
  readonly keys: EventKeys
  readonly telemetry: Telemetry
  /** Clock in epoch milliseconds. */
  readonly now: () => number
  /** The types that `handle` takes; any other is refused. */
  readonly accept: readonly T[]
  /** Gives the event to answer with, if there is one. The same event may come again at any time. */
  readonly handle: (event: EventOf<T>, context: EventContext) => Promise<TkaEvent | undefined>
  /** Unsigned events, of any type named here. */
  readonly hints?: {
    readonly types: readonly string[]
    readonly handle: (hint: Hint, context: EventContext) => Promise<void>
  }
  /** How long one event may take, in milliseconds (20 s by default, the longest timeout of our Triggers). */
  readonly timeoutMs?: number
  /** For the dead-letter sink, where nobody can be told: events that it does not act on are counted and answered 202. */
  readonly deadLetters?: boolean
}

/**
 * The HTTP side of a function: `POST /` takes events, `GET /health/liveness` and `/health/readiness` answer probes.
 * 204, or 200 with one signed event; a refused event has the status of its {@link EventRefused}; what may succeed later is 503 and what
 * is a bug 500, which Knative delivers again. No answer but an event is longer than 512 bytes: a longer error stops Knative's dispatcher.
 */
export function createEventServer<T extends EventType>(options: EventServerOptions<T>): Hono {
  const app = new Hono()
  app.get('/health/liveness', c => c.json({ alive: true }))
  // Nothing listens before it can work.
  app.get('/health/readiness', c => c.json({ ready: true }))
  app.post('/', bodyLimit({ maxSize: largestBodyBytes, onError: () => tooLarge(options) }), async c =>
    receive(options, { headers: c.req.header(), body: await readBody(c) }),
  )
  app.notFound(c => c.json({ error: 'not-found' }, 404))
  app.onError((error, c) => {
    options.telemetry.log.error('a request failed', { error })
    return c.json({ error: 'internal' }, 500)
  })
  return app
}

/** Refused before anything of it was read. */
function tooLarge({ telemetry }: { readonly telemetry: Telemetry }): Response {
  telemetry.metrics.count('tka.events.refused', { reason: 'body-too-large' })
  return refusal(new EventRefused('body-too-large'))
}

async function readBody(c: Context): Promise<Uint8Array> {
  return new Uint8Array(await c.req.arrayBuffer())
}

function receive<T extends EventType>(options: EventServerOptions<T>, message: HttpMessage): Promise<Response> {
  const { telemetry, timeoutMs = 20_000 } = options
  const type = message.headers['ce-type'] ?? ''
  const known = knows(options, type) ? type : 'other'
  return telemetry.deliverySpan(`process ${known}`, message.headers, async span => {
    const event = message.headers['ce-id']?.slice(0, 128) ?? ''
    const log = telemetry.log.with({ type: type.slice(0, 100), event })
    const began = performance.now()
    const given = await answer(options, type, { message, signal: AbortSignal.timeout(timeoutMs), log })
    const { response, outcome, kind, severity = 'info', fields } = given
    const { status } = response
    span.setAttributes({
      'messaging.operation.type': 'process',
      'cloudevents.event_type': known,
      'cloudevents.event_id': event,
      'http.response.status_code': status,
      'tka.outcome': outcome,
    })
    if (kind === 'failed' || kind === 'unavailable')
      span.setAttribute('error.type', kind).setStatus({ code: SpanStatusCode.ERROR })
    const tookMs = performance.now() - began
    telemetry.metrics.record('tka.event.duration', tookMs / 1000, { type: known, outcome: kind })
    if (given.refused !== undefined) telemetry.metrics.count('tka.events.refused', { reason: given.refused })
    log[severity]('event', { outcome, status, tookMs: Math.round(tookMs * 10) / 10, ...fields })
    return response
  })
}

function knows<T extends EventType>({ accept, hints }: EventServerOptions<T>, type: string): boolean {
  return type === pingType || accept.some(known => known === type) || hints?.types.includes(type) === true
}

const pingType = 'dev.tka.ping.v1'

/** What to answer, and what became of the event in a word of few. */
type Answer = Pick<FailureAnswer, 'response' | 'outcome'> &
  Partial<Omit<FailureAnswer, 'kind'>> & { readonly kind: 'done' | 'answered' | FailureAnswer['kind'] }

async function answer<T extends EventType>(
  options: EventServerOptions<T>,
  type: string,
  context: EventContext,
): Promise<Answer> {
  const { keys, cluster, accept, deadLetters = false } = options
  try {
    if (type === pingType) {
      decodeHint(context.message)
      return { response: eventResponse(await keys.sign(answerPing(options))), outcome: 'pong', kind: 'answered' }
    }
    if (options.hints?.types.includes(type)) {
      await options.hints.handle(decodeHint(context.message), context)
      return { response: emptyResponse(204), outcome: 'done', kind: 'done' }
    }
    const checks = { publicKeys: keys.publicKeys, cluster, now: options.now(), accept, allowExpired: deadLetters }
    const event = await verifyEvent(context.message, checks)
    if (!deadLetters) recordDelivery(options, event)
    const reply = await options.handle(event, context)
    if (reply === undefined) return { response: emptyResponse(204), outcome: 'done', kind: 'done' }
    return { response: eventResponse(await keys.sign(reply)), outcome: reply.type, kind: 'answered' }
  } catch (error) {
    const failed = answerFailure(error)
    return deadLetters && error instanceof EventRefused ? { ...failed, response: emptyResponse(202) } : failed
  }
}

/** How long the broker had an event. */
function recordDelivery<T extends EventType>({ telemetry, now }: EventServerOptions<T>, event: TkaEvent): void {
  const made = madeAt(event)
  if (made !== undefined) telemetry.metrics.record('tka.phase.duration', (now() - made) / 1000, { phase: 'broker' })
}

function eventResponse({ headers, body }: HttpMessage): Response {
  return new Response(Buffer.from(body), { status: 200, headers: { ...headers, ...traceAttributes() } })
}

function emptyResponse(status: 202 | 204): Response {
  return new Response(undefined, { status, ...(status === 202 ? { headers: { 'content-length': '0' } } : {}) })
}
