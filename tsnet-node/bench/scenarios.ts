import type { Contest, Side } from './contest.ts'
import type { Load } from './load-client.ts'
import { cpuSeconds } from './process-usage.ts'
import type { Pair } from './statistics.ts'

/** A way to load the servers. */
export interface Scenario {
  readonly name: string
  /** Whether both do the same work, so that the goals apply. */
  readonly comparable: boolean
  readonly load: Pick<Load, 'path' | 'connections' | 'keepAlive'>
}

/** What is measured of one load, once. */
export interface Sample {
  /** Answered requests in a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU time of the server's processes for one request, in microseconds. */
  readonly cpu: number
}

/** Takes one sample of a side. */
type Sampler = (side: Side) => Promise<Sample>

/** The loads of the table, in its order. */
export const scenarios: readonly Scenario[] = [
  { name: '1 connection', comparable: true, load: { path: '/', connections: 1, keepAlive: true } },
  { name: '32 connections', comparable: true, load: { path: '/', connections: 32, keepAlive: true } },
  { name: '256 connections', comparable: true, load: { path: '/', connections: 256, keepAlive: true } },
  {
    name: 'new connection each time, 1 at once',
    comparable: true,
    load: { path: '/', connections: 1, keepAlive: false },
  },
  {
    name: 'new connection each time, 32 at once',
    comparable: true,
    load: { path: '/', connections: 32, keepAlive: false },
  },
  {
    name: 'the same, Go not asking who calls',
    comparable: false,
    load: { path: '/anonymous', connections: 32, keepAlive: false },
  },
]

const warmUp = 0.5

/** Loads one side for so many seconds. */
export function sampler({ client, ...sides }: Contest, { load }: Scenario, seconds: number): Sampler {
  return async side => {
    const { ip, pids } = sides[side]
    const before = cpuSeconds(pids)
    const { requests, p50, p99 } = await client.load(ip, { ...load, warmUp, seconds })
    const rate = requests / seconds
    const cpu = ((cpuSeconds(pids) - before) / (rate * (warmUp + seconds))) * 1e6
    return { rate, p50, p99, cpu }
  }
}

/** Measures both sides in turns, and lets the other one begin in every second round. */
export async function inTurns<T>(
  rounds: number,
  measure: (side: Side) => Promise<T>,
): Promise<readonly Record<Side, T>[]> {
  const all: Record<Side, T>[] = []
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      const go = await measure('go')
      all.push({ go, node: await measure('node') })
    } else {
      const node = await measure('node')
      all.push({ go: await measure('go'), node })
    }
  }
  return all
}

/** One figure of many samples, by round. */
export function pairsOf(samples: readonly Record<Side, Sample>[], figure: keyof Sample): readonly Pair[] {
  return samples.map(({ go, node }) => ({ go: go[figure], node: node[figure] }))
}
