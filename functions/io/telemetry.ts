import {
  type Attributes,
  type Counter,
  context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import type { Environment } from './environment.ts'
import { createLogger, type Logger } from './log.ts'
import { remoteContext } from './trace-context.ts'

/** Logs, spans and counters of one function. Spans and counters go nowhere until an OpenTelemetry SDK is registered. */
export interface Telemetry {
  readonly log: Logger
  /** Runs `work` inside a span that continues the trace of `headers`; the span ends with it. `log` carries its trace id. */
  span<R>(
    name: string,
    headers: Readonly<Record<string, string>>,
    work: (span: Span, log: Logger) => Promise<R>,
  ): Promise<R>
  /** Adds one to a counter. Attributes are of few values: never a person. */
  count(name: string, attributes: Attributes): void
  /** The headers that continue the trace elsewhere. */
  traceHeaders(): Readonly<Record<string, string>>
}

export interface TelemetryOptions {
  readonly function: string
  readonly env: Environment
  readonly now?: () => number
  readonly write?: (line: string) => void
}

const library = 'tka'

/** Makes a function's telemetry; logs go to standard output. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const log = createLogger({
    level: options.env.TKA_LOG_LEVEL,
    fields: { function: options.function },
    now: options.now ?? Date.now,
    write: options.write ?? (line => void process.stdout.write(line)),
  })
  const counters = new Map<string, Counter>()
  return {
    log,
    span: (name, headers, work) =>
      trace
        .getTracer(library)
        .startActiveSpan(name, { kind: SpanKind.CONSUMER }, remoteContext(headers), async span => {
          const { traceId } = span.spanContext()
          try {
            return await work(span, /^0*$/.test(traceId) ? log : log.with({ traceId }))
          } finally {
            span.end()
          }
        }),
    count: (name, attributes) => {
      const counter = counters.get(name) ?? metrics.getMeter(library).createCounter(name)
      counters.set(name, counter)
      counter.add(1, attributes)
    },
    traceHeaders: () => {
      const headers: Record<string, string> = {}
      propagation.inject(context.active(), headers)
      return headers
    },
  }
}
