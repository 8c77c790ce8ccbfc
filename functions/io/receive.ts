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
import { answerPing } from './ping.ts'
import type { Telemetry } from './telemetry.ts'
import { verifyEvent } from './verify-event.ts'

/** What a handler gets beside its event. */
export interface EventContext {
  /** Aborts when the sender has stopped waiting for sure: every call of the handler ends with it. */
  readonly signal: AbortSignal
  /** The message as it came, for whoever must look at more than was signed. */
  readonly message: HttpMessage
  /** Carries the event's type, id and trace. */
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
  app.post(
    '/',
    bodyLimit({ maxSize: largestBodyBytes, onError: () => refusal(new EventRefused('body-too-large')) }),
    async c => receive(options, { headers: c.req.header(), body: await readBody(c) }),
  )
  app.notFound(c => c.json({ error: 'not-found' }, 404))
  app.onError((error, c) => {
    options.telemetry.log.error('a request failed', { error })
    return c.json({ error: 'internal' }, 500)
  })
  return app
}

async function readBody(c: Context): Promise<Uint8Array> {
  return new Uint8Array(await c.req.arrayBuffer())
}

function receive<T extends EventType>(options: EventServerOptions<T>, message: HttpMessage): Promise<Response> {
  const { telemetry, timeoutMs = 20_000 } = options
  const type = message.headers['ce-type'] ?? ''
  return telemetry.span('event', message.headers, async (span, traced) => {
    const log = traced.with({ type: type.slice(0, 100), event: message.headers['ce-id']?.slice(0, 128) })
    const began = performance.now()
    const given = await answer(options, type, { message, signal: AbortSignal.timeout(timeoutMs), log })
    const { response, outcome, severity = 'info', fields } = given
    const { status } = response
    span.setAttributes({ 'cloudevents.event_type': type, 'tka.outcome': outcome, 'http.response.status_code': status })
    telemetry.count('tka.events', { type: options.accept.some(known => known === type) ? type : 'other', outcome })
    log[severity]('event', { outcome, status, tookMs: Math.round((performance.now() - began) * 10) / 10, ...fields })
    return response
  })
}

/** What to answer, and what became of the event in a word of few. */
type Answer = Pick<FailureAnswer, 'response' | 'outcome'> & Partial<FailureAnswer>

async function answer<T extends EventType>(
  options: EventServerOptions<T>,
  type: string,
  context: EventContext,
): Promise<Answer> {
  const { keys, cluster, accept, deadLetters = false } = options
  try {
    if (type === 'dev.tka.ping.v1') {
      decodeHint(context.message)
      return { response: eventResponse(await keys.sign(answerPing(options))), outcome: 'pong' }
    }
    if (options.hints?.types.includes(type)) {
      await options.hints.handle(decodeHint(context.message), context)
      return { response: emptyResponse(204), outcome: 'done' }
    }
    const checks = { publicKeys: keys.publicKeys, cluster, now: options.now(), accept, allowExpired: deadLetters }
    const reply = await options.handle(await verifyEvent(context.message, checks), context)
    if (reply === undefined) return { response: emptyResponse(204), outcome: 'done' }
    return { response: eventResponse(await keys.sign(reply)), outcome: reply.type }
  } catch (error) {
    const failed = answerFailure(error)
    return deadLetters && error instanceof EventRefused ? { ...failed, response: emptyResponse(202) } : failed
  }
}

function eventResponse({ headers, body }: HttpMessage): Response {
  return new Response(Buffer.from(body), { status: 200, headers: { ...headers } })
}

function emptyResponse(status: 202 | 204): Response {
  return new Response(undefined, { status, ...(status === 202 ? { headers: { 'content-length': '0' } } : {}) })
}
