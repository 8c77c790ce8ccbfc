import { openMetrics } from '../telemetry/open-metrics.ts'
import { resourceOf } from '../telemetry/resource.ts'
import { type Family, parsePrometheus } from './parse-prometheus.ts'

/** Begins to collect the metrics of a test's process; gives what a scrape of them says. To be called once, before any is recorded. */
export function openTrialScrape(): () => Promise<ReadonlyMap<string, Family>> {
  const scrape = openMetrics(resourceOf('trial', '1.2.3'))
  return async () => parsePrometheus(await scrape.read())
}

/** The value of the one series with these labels; `undefined` where there is none. Histograms give their count. */
export function seriesValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name)
  return family?.samples.find(
    sample =>
      sample.name === (family.type === 'histogram' ? `${name}_count` : name) &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value
}
