import { fromWireTime, toWireTime } from '#events/instant'

/** The start of the second that an instant (epoch milliseconds) lies in. */
export function wholeSecond(instant: number): number {
  return Math.floor(instant / 1_000) * 1_000
}

/** Writes an instant (epoch milliseconds) as events carry it, cluster objects and answers too: `2026-11-23T10:00:00Z`. */
export const formatInstant: (instant: number) => string = toWireTime

/** Reads what {@link formatInstant} writes, and nothing else, to epoch milliseconds; `undefined` otherwise. */
export function parseInstant(text: string): number | undefined {
  const instant = fromWireTime(text)
  return Number.isNaN(instant) ? undefined : instant
}
