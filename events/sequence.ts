const digits = 16

/** The sequence of an event that carries nobody's wish. */
export const noWish = '0'.repeat(digits)

/** The sequence of a wish made at `now` (epoch milliseconds): 16 digits, always greater than `after`. */
export function sequenceAt(now: number, after: string = noWish): string {
  return String(Math.max(Math.floor(now), Number(after) + 1)).padStart(digits, '0')
}

/** Negative when `a` is the older wish, positive when it is the later one, 0 when both are the same. */
export function compareSequence(a: string, b: string): number {
  // Of one length, so the order of text is the order of numbers.
  return a < b ? -1 : a > b ? 1 : 0
}
