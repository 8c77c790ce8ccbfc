import { context, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { type Environment, metricsPortOf } from '../environment.ts'
import type { Logger } from '../log.ts'
import { version } from '../version.ts'
import { serveMetrics } from './serve-metrics.ts'

/**
 * Makes this process tell what it does, for whoever asked: spans where `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) says,
 * metrics on `TKA_METRICS_PORT`. Nothing of OpenTelemetry's SDK is loaded for what nobody asked for. Disposing of it flushes, and
 * has to come last.
 */
export async function openTelemetry(
  name: string,
  options: { readonly env: Environment; readonly log: Logger },
): Promise<AsyncDisposable> {
  const { env, log } = options
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  await using opened = new AsyncDisposableStack()
  const port = metricsPortOf(env)
  const traced = Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
  if (port !== undefined || traced) {
    const [{ resourceOf }, tracing, metrics] = await Promise.all([
      import('./resource.ts'),
      traced ? import('./open-tracing.ts') : undefined,
      port === undefined ? undefined : import('./open-metrics.ts'),
    ])
    diag.setLogger(diagnostics(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
    const resource = resourceOf(name, version)
    if (tracing) opened.use(tracing.openTracing(resource, log))
    if (metrics && port !== undefined)
      opened.use(await serveMetrics(name, metrics.openMetrics(resource), { port, log }))
  }
  return opened.move()
}

/** What the SDK complains of, a collector that takes no spans for one. */
function diagnostics(log: Logger): DiagLogger {
  const warn = (complaint: string) => log.warn('OpenTelemetry complains', { complaint: complaint.slice(0, 500) })
  const ignore = () => undefined
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore }
}
