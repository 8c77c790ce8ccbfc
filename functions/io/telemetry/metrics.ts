import type { Attributes, Meter } from '@opentelemetry/api'
import {
  type AttributesOf,
  type MetricKind,
  type MetricName,
  type MetricOf,
  metricTable,
  mostOfFew,
} from './metric-table.ts'

/** One value of a gauge. */
interface Reading<M extends MetricOf<'gauge'>> {
  readonly value: number
  readonly attributes: AttributesOf<M>
}

/** Where a function's figures go. They cost next to nothing while nobody serves them. */
export interface Metrics {
  /** Adds one to a counter. */
  count<M extends MetricOf<'counter'>>(name: M, attributes: AttributesOf<M>): void
  /** Records one duration, in seconds. */
  record<M extends MetricOf<'histogram'>>(name: M, seconds: number, attributes: AttributesOf<M>): void
  /** Reads a gauge each time that somebody looks. */
  observe<M extends MetricOf<'gauge'>>(name: M, read: () => readonly Reading<M>[]): void
}

/** Makes the metrics of the table on a meter. A value that its attribute does not have in the table is counted as `other`. */
export function createMetrics(meter: () => Meter): Metrics {
  const counters = new Map<MetricName, ReturnType<Meter['createCounter']>>()
  const histograms = new Map<MetricName, ReturnType<Meter['createHistogram']>>()
  const bounded = createBound()
  return {
    count(name, attributes) {
      const counter = counters.get(name) ?? meter().createCounter(name, optionsOf(name))
      counters.set(name, counter)
      counter.add(1, bounded(name, attributes))
    },
    record(name, seconds, attributes) {
      const histogram = histograms.get(name) ?? meter().createHistogram(name, optionsOf(name))
      histograms.set(name, histogram)
      // Two clocks may disagree by a little.
      histogram.record(Math.max(0, seconds), bounded(name, attributes))
    },
    observe(name, read) {
      const gauge = meter().createObservableGauge(name, optionsOf(name))
      gauge.addCallback(result => {
        for (const { value, attributes } of read()) result.observe(value, bounded(name, attributes))
      })
    },
  }
}

function optionsOf(name: MetricName) {
  const { help, unit, buckets }: MetricKind = metricTable[name]
  return {
    description: help,
    unit,
    ...(buckets === undefined ? {} : { advice: { explicitBucketBoundaries: [...buckets] } }),
  }
}

type Bound = (name: MetricName, attributes: Readonly<Record<string, string>>) => Attributes

function createBound(): Bound {
  const few = new Map<string, Set<string>>()

  function isKnown(name: string, attribute: string, value: string): boolean {
    const key = `${name} ${attribute}`
    const seen = few.get(key) ?? new Set<string>()
    few.set(key, seen)
    if (seen.size < mostOfFew) seen.add(value)
    return seen.has(value)
  }

  return (name, attributes) => {
    const allowed: MetricKind['attributes'] = metricTable[name].attributes
    return Object.fromEntries(
      Object.entries(allowed).flatMap(([attribute, values]) => {
        const value = attributes[attribute]
        if (value === undefined || value === '') return []
        const known = values === 'few' ? isKnown(name, attribute, value) : values.includes(value)
        return [[attribute, known ? value : 'other']]
      }),
    )
  }
}
