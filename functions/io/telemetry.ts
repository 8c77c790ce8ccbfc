import { metrics, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { Environment } from './environment.ts'
import { createLogger, type Logger } from './log.ts'
import { inSpan } from './telemetry/in-span.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { eventContext } from './trace-context.ts'

/** Logs, spans and metrics of one function. Spans and metrics go nowhere until an OpenTelemetry SDK is registered. */
export interface Telemetry {
  readonly log: Logger
  readonly metrics: Metrics
  /** Handles one delivery inside a span that continues the trace of the event in `headers`. */
  deliverySpan<R>(name: string, headers: Readonly<Record<string, string>>, work: (span: Span) => Promise<R>): Promise<R>
}

export interface TelemetryOptions {
  readonly function: string
  readonly env: Environment
  readonly now?: () => number
  readonly write?: (line: string) => void
}

/** Makes a function's telemetry; logs go to standard output. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  return {
    log: createLogger({
      level: options.env.TKA_LOG_LEVEL,
      fields: { function: options.function },
      around: activeTrace,
      now: options.now ?? Date.now,
      write: options.write ?? (line => void process.stdout.write(line)),
    }),
    metrics: createMetrics(() => metrics.getMeter('tka')),
    deliverySpan: (name, headers, work) =>
      inSpan(name, { kind: SpanKind.CONSUMER, parent: eventContext(headers) }, work),
  }
}

function activeTrace(): Readonly<Record<string, string>> {
  const active = trace.getActiveSpan()?.spanContext()
  return active === undefined ? {} : { traceId: active.traceId, spanId: active.spanId }
}
