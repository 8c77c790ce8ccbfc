/** Whether what was read `at` is younger than `forMs`. What was read in the future is not: the clock was set back. */
export function isFresh(at: number, now: number, forMs: number): boolean {
  return at <= now && now - at < forMs
}
