/**
 * Lets one sweep through at a time, and one in so many milliseconds: anybody may ask, so asking must cost nothing. Whoever asks
 * too early is not forgotten, since what they ask about may be younger than the last sweep: one sweep follows for all of them.
 */
export interface SweepGate extends AsyncDisposable {
  /** Runs the sweep, or has one follow as soon as it may; says which. Rejects with what the sweep rejects with: it counts all the same. */
  pass(sweep: () => Promise<void>): Promise<'swept' | 'deferred'>
}

export interface SweepGateOptions {
  /** Clock in milliseconds. */
  readonly now: () => number
  /** From the beginning of one sweep to that of the next. */
  readonly intervalMs: number
  /** The sweep for those who asked too early. */
  readonly followUp: () => Promise<void>
  /** Told when that sweep failed, for which nobody waits. */
  readonly failed: (error: unknown) => void
}

/** An open gate. Disposing of it waits for a sweep that follows, and drops one that has not begun: the next process sweeps at once. */
export function createSweepGate({ now, intervalMs, followUp, failed }: SweepGateOptions): SweepGate {
  let sweeping = false
  let owed = false
  let closed = false
  let opensAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let following: Promise<void> | undefined

  async function run(sweep: () => Promise<void>): Promise<void> {
    clearTimeout(timer)
    ;[sweeping, owed, opensAt] = [true, false, now() + intervalMs]
    try {
      await sweep()
    } finally {
      sweeping = false
      followUpInTime()
    }
  }

  function followUpInTime(): void {
    clearTimeout(timer)
    if (!owed || sweeping || closed) return
    timer = setTimeout(
      () => {
        following = run(followUp).catch(failed)
      },
      Math.max(0, opensAt - now()),
    )
  }

  return {
    async pass(sweep) {
      if (sweeping || now() < opensAt) {
        owed = true
        followUpInTime()
        return 'deferred'
      }
      await run(sweep)
      return 'swept'
    },
    async [Symbol.asyncDispose]() {
      closed = true
      clearTimeout(timer)
      await following
    },
  }
}
