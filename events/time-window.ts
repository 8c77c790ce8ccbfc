import { EventRefused } from './event-refused.ts'
import { fromWireTime } from './instant.ts'

/** How far another clock may be ahead of ours, in milliseconds. */
export const clockAheadMs = 30_000

/** How far a wish may be ahead of our clock, in milliseconds: a later one would win over every wish until then. */
const sequenceAheadMs = 60_000

const longestLifeMs = 60_000

/** When an event was made, how long it counts, and in which order. */
interface Timed {
  readonly time: string
  readonly expirytime: string
  readonly sequence: string
}

/** Throws {@link EventRefused} unless the event counts at `now` (epoch milliseconds); `neverStale` leaves out its end only. */
export function checkTime({ time, expirytime, sequence }: Timed, now: number, neverStale: boolean): void {
  const madeAt = fromWireTime(time)
  const expiresAt = fromWireTime(expirytime)
  if (madeAt > now + clockAheadMs) throw new EventRefused('from-the-future', 'time must be at most 30 s ahead')
  if (expiresAt - madeAt > longestLifeMs)
    throw new EventRefused('lives-too-long', 'expirytime must be at most time + 60 s')
  if (Number(sequence) > now + sequenceAheadMs)
    throw new EventRefused('sequence-ahead', 'sequence must be at most 60 s ahead')
  if (!neverStale && now >= expiresAt) throw new EventRefused('expired')
}
