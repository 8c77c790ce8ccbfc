import { type Context, context, defaultTextMapGetter, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'

const propagator = new W3CTraceContextPropagator()

type Headers = Readonly<Record<string, string>>

/**
 * The context that a sender's `traceparent` and `tracestate` name (W3C Trace Context), for spans and log lines and nothing else:
 * nobody signed them.
 */
export function remoteContext(headers: Headers): Context {
  return propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
}

/**
 * The context in which an event was made (CloudEvents distributed tracing extension), else that of the request which brought it:
 * a broker on the way may have begun spans of its own that nobody collects.
 */
export function eventContext(headers: Headers): Context {
  const made = remoteContext({
    traceparent: headers['ce-traceparent'] ?? '',
    ...(headers['ce-tracestate'] === undefined ? {} : { tracestate: headers['ce-tracestate'] }),
  })
  return trace.getSpanContext(made) ? made : remoteContext(headers)
}

/** The headers that continue what is going on in an HTTP request. */
export function traceHeaders(): Headers {
  const headers: Record<string, string> = {}
  propagator.inject(context.active(), headers, {
    set: (carrier, name, value) => {
      carrier[name] = value
    },
  })
  return headers
}

/** The same as attributes of an event, in HTTP binary mode: they survive every broker. */
export function traceAttributes(): Headers {
  return Object.fromEntries(Object.entries(traceHeaders()).map(([name, value]) => [`ce-${name}`, value]))
}
