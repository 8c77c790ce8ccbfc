import { type Context, context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api'

const traceparent = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/**
 * The context that a sender's headers name, for spans and log lines and nothing else: nobody signed them.
 * Without a registered propagator `traceparent` (W3C Trace Context) is read here, so that logs carry the trace id all the same.
 */
export function remoteContext(headers: Readonly<Record<string, string>>): Context {
  const extracted = propagation.extract(ROOT_CONTEXT, headers)
  if (trace.getSpanContext(extracted)) return extracted
  const [, traceId, spanId, flags] = traceparent.exec(headers.traceparent ?? '') ?? []
  if (!traceId || !spanId) return context.active()
  const traceFlags = Number.parseInt(flags ?? '', 16) & TraceFlags.SAMPLED
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
