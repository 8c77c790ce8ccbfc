import type { MetricKind } from '../telemetry/metric-table.ts'

/** Prometheus' name of one of our metrics, by OpenTelemetry's compatibility rules. */
export function prometheusName(name: string, { kind, unit }: MetricKind): string {
  return `${name.replaceAll('.', '_')}${unit === 's' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`
}
