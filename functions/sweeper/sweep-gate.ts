/** Lets one sweep through at a time, and one in so many milliseconds: anybody may ask, so asking must cost nothing. */
export interface SweepGate {
  /** Runs the sweep, or not; says which. A sweep that fails does not count, so that it may be asked for again. */
  pass(sweep: () => Promise<void>): Promise<'swept' | 'skipped'>
}

export function createSweepGate(options: { readonly now: () => number; readonly intervalMs: number }): SweepGate {
  let sweeping = false
  let lastAt = Number.NEGATIVE_INFINITY
  return {
    async pass(sweep) {
      const { now, intervalMs } = options
      if (sweeping || now() - lastAt < intervalMs) return 'skipped'
      sweeping = true
      const before = lastAt
      lastAt = now()
      try {
        await sweep()
        return 'swept'
      } catch (error) {
        lastAt = before
        throw error
      } finally {
        sweeping = false
      }
    },
  }
}
