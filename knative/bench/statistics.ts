/** What a table shows of many measurements, in milliseconds. */
export interface Summary {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

/** Nearest-rank percentiles of durations in milliseconds. Throws when there are none. */
export function summarise(durations: readonly number[]): Summary {
  const sorted = durations.toSorted((a, b) => a - b)
  const rank = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
    if (value === undefined) throw new RangeError('nothing was measured')
    return value
  }
  return { p50: rank(0.5), p99: rank(0.99), count: sorted.length }
}
