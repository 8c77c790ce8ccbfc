/** Pause before the nth attempt (from 1) to start a helper again, in milliseconds: at once, then doubling up to 30 s. */
export function backOffMs(attempt: number): number {
  return attempt <= 1 ? 0 : Math.min(100 * 2 ** (attempt - 2), 30_000)
}

/** A node that was up this long has recovered: its next crash counts as the first. */
export const recoveredAfterMs = 30_000
