import type { Metrics } from '#io/telemetry/metrics'

/** Gives what runs a sweep, counts it by what became of it, and from then on shows when the last one was done. */
export function observeSweeps(deps: {
  readonly metrics: Metrics
  /** Epoch milliseconds. */
  readonly now: () => number
}): (sweep: () => Promise<void>) => Promise<void> {
  const { metrics, now } = deps
  let last: number | undefined
  metrics.observe('tka.sweep.last.timestamp', () =>
    last === undefined ? [] : [{ value: last / 1000, attributes: {} }],
  )
  return async sweep => {
    try {
      await sweep()
    } catch (error) {
      metrics.count('tka.sweeps', { outcome: 'failed' })
      throw error
    }
    last = now()
    metrics.count('tka.sweeps', { outcome: 'swept' })
  }
}
