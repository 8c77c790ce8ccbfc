/** The middle of some numbers, or the mean of the middle two. Throws when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half]
  const lower = sorted.length % 2 === 0 ? sorted[half - 1] : upper
  if (upper === undefined || lower === undefined) throw new RangeError('nothing was measured')
  return (lower + upper) / 2
}

/** One thing measured in both, in turns; pairs are of the same round. */
export interface Pair {
  readonly go: number
  readonly node: number
}

/** What a table shows of many rounds. */
export interface Comparison extends Pair {
  /** Median of the rounds' ratios, node to Go: what disturbs a whole round does not touch it. */
  readonly ratio: number
  /** The lowest and the highest ratio of a round. */
  readonly spread: readonly [number, number]
}

/** Sums rounds up by medians. Throws when there are none. */
export function compare(pairs: readonly Pair[]): Comparison {
  const ratios = pairs.map(({ go, node }) => node / go)
  return {
    go: median(pairs.map(({ go }) => go)),
    node: median(pairs.map(({ node }) => node)),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  }
}
