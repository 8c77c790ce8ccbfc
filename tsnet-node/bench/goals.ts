import type { Footprint } from './footprint.ts'
import type { LoadFigures } from './report.ts'

/** A goal and how far the figures are from it. */
export interface Goal {
  readonly text: string
  readonly met: boolean
}

/** Holds the figures against what the package promises itself. */
export function checkGoals(loads: readonly LoadFigures[], { adds }: Footprint): readonly Goal[] {
  return [
    ...loads
      .filter(({ comparable }) => comparable)
      .flatMap(({ name, rate, p50 }) => [
        { text: `${name}: requests per second ${rate.ratio.toFixed(2)} of Go's, goal 0.8`, met: rate.ratio >= 0.8 },
        { text: `${name}: p50 ${p50.ratio.toFixed(2)} of Go's, goal 1.3`, met: p50.ratio <= 1.3 },
      ]),
    {
      text: `client code adds ${adds.residentMiB.toFixed(1)} MiB, goal 5`,
      met: adds.residentMiB <= 5,
    },
    { text: `client code adds ${adds.startMs.toFixed(1)} ms to start, goal 10`, met: adds.startMs <= 10 },
  ]
}
