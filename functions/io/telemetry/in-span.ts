import { randomBytes } from 'node:crypto'
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'

/** What a span is, beside its name. */
export interface SpanOptions {
  readonly kind: SpanKind
  readonly attributes?: Attributes
  /** What it is a child of; whatever is going on by default. */
  readonly parent?: Context
}

/**
 * Runs `work` inside a span that ends with it; one that throws is marked with the kind of its error, never with its text.
 * While nobody collects spans this only names the trace, so that the logs of all functions tell which lines belong together.
 */
export async function inSpan<R>(name: string, options: SpanOptions, work: (span: Span) => Promise<R>): Promise<R> {
  const { kind, attributes = {}, parent = context.active() } = options
  const span = named(trace.getTracer('tka').startSpan(name, { kind, attributes }, parent))
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work(span)
    } catch (error) {
      span.setAttribute('error.type', errorType(error)).setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}

/** Without a collector a trace that nobody named before has no id: it gets one, unsampled. */
function named(span: Span): Span {
  if (isSpanContextValid(span.spanContext())) return span
  const traceId = randomBytes(16).toString('hex')
  return trace.wrapSpanContext({ traceId, spanId: randomBytes(8).toString('hex'), traceFlags: TraceFlags.NONE })
}

/** The kind of an error in a word of few: our own errors' code, reason or failure, else its class. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'other'
  for (const field of ['code', 'reason', 'failure'] as const) {
    const value: unknown = Reflect.get(error, field)
    if (typeof value === 'string' && value.length <= 40) return value
  }
  return error.name
}
