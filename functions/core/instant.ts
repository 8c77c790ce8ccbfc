const wireForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/

/** The start of the second that an instant (epoch milliseconds) lies in. */
export function wholeSecond(instant: number): number {
  return Math.floor(instant / 1_000) * 1_000
}

/** Writes an instant (epoch milliseconds) for the wire: RFC 3339, UTC, whole seconds, as in `2026-11-23T10:00:00Z`. */
export function formatInstant(instant: number): string {
  return `${new Date(wholeSecond(instant)).toISOString().slice(0, 19)}Z`
}

/** Reads what {@link formatInstant} writes, and nothing else, to epoch milliseconds; `undefined` otherwise. */
export function parseInstant(text: string): number | undefined {
  if (!wireForm.test(text)) return undefined
  const instant = Date.parse(text)
  // Date.parse takes the 30th of February for the 2nd of March.
  return Number.isNaN(instant) || formatInstant(instant) !== text ? undefined : instant
}
