/** Epoch milliseconds of an RFC 3339 time in any zone, its fraction of a second cut off; `undefined` when it is none. */
export function parseRfc3339(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? undefined : Math.floor(instant / 1000) * 1000
}

/** Writes epoch milliseconds as events carry time: UTC, whole seconds (cut off), as in `2026-11-23T10:00:00Z`. */
export function toWireTime(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`
}

/** Reads what {@link toWireTime} writes; `NaN` for anything else. */
export function fromWireTime(text: string): number {
  const instant = parseRfc3339(text)
  return instant !== undefined && toWireTime(instant) === text ? instant : Number.NaN
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/
