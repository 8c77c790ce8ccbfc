import { setTimeout as sleep } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import type { Resource } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from '../log.ts'

/** How long the last spans may take to be taken. */
const flushMs = 5_000

/**
 * Exports spans by OTLP/HTTP; where to is in the standard `OTEL_EXPORTER_OTLP_…` variables. Disposing of it flushes them, or says that
 * nobody took them.
 */
export function openTracing(resource: Resource, log: Logger): AsyncDisposable {
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 1_000 })],
  })
  trace.setGlobalTracerProvider(provider)
  return {
    async [Symbol.asyncDispose]() {
      const late = sleep(flushMs, undefined, { ref: false }).then(() => Promise.reject(new Error('took too long')))
      // Whoever collects spans must not keep a function from a clean end.
      await Promise.race([provider.shutdown(), late]).catch((error: unknown) => log.warn('spans were lost', { error }))
    },
  }
}
