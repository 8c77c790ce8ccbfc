import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import * as v from 'valibot'
import { waitUntil } from '../lab/wait-until.ts'

const Value = v.looseObject({
  stringValue: v.optional(v.string()),
  intValue: v.optional(v.union([v.string(), v.number()])),
})
const Attributes = v.optional(v.array(v.object({ key: v.string(), value: Value })), [])
const Nanoseconds = v.pipe(
  v.string(),
  v.regex(/^\d+$/),
  v.transform(text => BigInt(text)),
)
const Span = v.object({
  traceId: v.string(),
  spanId: v.string(),
  parentSpanId: v.optional(v.string(), ''),
  name: v.string(),
  kind: v.number(),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: Attributes,
  status: v.optional(v.looseObject({ code: v.optional(v.number(), 0) }), {}),
})
/** What an exporter POSTs to `/v1/traces`: OTLP 1.x, JSON encoding. */
const Export = v.object({
  resourceSpans: v.array(
    v.object({
      resource: v.object({ attributes: Attributes }),
      scopeSpans: v.array(v.object({ spans: v.array(Span) })),
    }),
  ),
})

/** One span as it was exported. */
export interface CollectedSpan {
  /** `service.name` of the process that was at work. */
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly name: string
  readonly failed: boolean
  /** Microseconds since the epoch. */
  readonly startedAt: number
  readonly tookMs: number
  readonly attributes: Readonly<Record<string, string>>
}

/** An OpenTelemetry collector in this process: OTLP over HTTP, JSON. */
export interface Collector extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string
  readonly spans: readonly CollectedSpan[]
  /**
   * The spans of a trace, once it is whole: all of `names` are there, and every parent but the first's. Each process exports in its own
   * time, a span after its children; 20 s at most.
   */
  trace(traceId: string, names: readonly string[]): Promise<readonly CollectedSpan[]>
}

/** Starts a collector on loopback. It answers 400 to what is no export. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const server = createServer((request, response) => {
    json(request)
      .then(body => {
        if (request.url !== '/v1/traces') throw new Error('no such path')
        spans.push(...spansOf(v.parse(Export, body)))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
      .catch((error: unknown) => response.writeHead(400).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    spans,
    async trace(traceId, names) {
      const ofTrace = () => spans.filter(span => span.traceId === traceId)
      await waitUntil(
        `the trace ${traceId} is here`,
        async () => {
          const missing = names.filter(name => !ofTrace().some(span => span.name === name))
          if (missing.length > 0) return `missing: ${missing.join(', ')}`
          const roots = rootsOf(ofTrace())
          return roots.length === 1 || `in ${roots.length} pieces: ${roots.map(({ name }) => name).join(', ')}`
        },
        { timeoutMs: 20_000 },
      )
      return ofTrace()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The spans whose parent is not among them. */
export function rootsOf(spans: readonly CollectedSpan[]): readonly CollectedSpan[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  return spans.filter(({ parentSpanId }) => !ids.has(parentSpanId))
}

function spansOf({ resourceSpans }: v.InferOutput<typeof Export>): readonly CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = textsOf(resource.attributes)['service.name'] ?? ''
    return scopeSpans.flatMap(scope =>
      scope.spans.map(({ startTimeUnixNano, endTimeUnixNano, status, attributes, kind: _, ...span }) => ({
        ...span,
        service,
        failed: status.code === 2,
        startedAt: Number(startTimeUnixNano / 1000n),
        tookMs: Number(endTimeUnixNano - startTimeUnixNano) / 1e6,
        attributes: textsOf(attributes),
      })),
    )
  })
}

function textsOf(attributes: v.InferOutput<typeof Attributes>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? '')]),
  )
}
