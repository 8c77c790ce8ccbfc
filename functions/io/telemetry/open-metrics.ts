import { metrics } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { Resource } from '@opentelemetry/resources'
import { MeterProvider, type MetricData, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics'

/** Collected figures, as Prometheus reads them. */
export interface Scrape {
  /** The text exposition format, version 0.0.4. */
  readonly read: () => Promise<string>
}

/** Begins to collect the metrics of this process. */
export function openMetrics(resource: Resource): Scrape {
  const reader = new PullReader()
  const provider = new MeterProvider({ resource, readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  // One library records here, so that its name on each series would say nothing.
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true)
  return {
    async read() {
      const { resourceMetrics, errors } = await reader.collect()
      if (errors.length > 0) throw new AggregateError(errors, 'some metrics could not be read')
      const text = serializer.serialize(withUnits(resourceMetrics))
      return text.endsWith('\n') ? text : `${text}\n`
    },
  }
}

/**
 * Names as Prometheus wants them, which the serializer leaves to others: seconds end in `_seconds`, and an annotation such as
 * `{login}` is no unit (OpenTelemetry, Prometheus and OpenMetrics compatibility).
 */
function withUnits(resourceMetrics: ResourceMetrics): ResourceMetrics {
  const withUnit = (descriptor: MetricData['descriptor']): MetricData['descriptor'] =>
    descriptor.unit === 's'
      ? { ...descriptor, name: `${descriptor.name}.seconds`, unit: 'seconds' }
      : { ...descriptor, unit: '' }
  const scopeMetrics = resourceMetrics.scopeMetrics.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.map(metric => ({ ...metric, descriptor: withUnit(metric.descriptor) })),
  }))
  return { ...resourceMetrics, scopeMetrics }
}

/** Is asked, never tells. */
class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
