import { AssertionError } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long to wait for a condition. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** 60 s by default. */
  readonly timeoutMs?: number
  /** Pause between two looks, 25 ms by default. */
  readonly everyMs?: number
}

/**
 * Looks until `probe` answers `true`; a string says what is still missing. A probe that rejects is looked at again, unless
 * with an AssertionError: what must never be seen was seen. Rejects with the last thing that was missing when the time is
 * up, or with the signal's reason.
 */
export async function waitUntil(
  what: string,
  probe: (signal: AbortSignal) => Promise<true | string>,
  { signal, timeoutMs = 60_000, everyMs = 25 }: WaitOptions = {},
): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline
  let missing = 'nothing was seen'
  for (;;) {
    const seen = await probe(either).catch(reason)
    if (seen === true) return
    if (!either.aborted) missing = seen
    signal?.throwIfAborted()
    if (deadline.aborted) throw new Error(`${what}: not so after ${timeoutMs / 1000} s (${missing})`)
    await sleep(everyMs)
  }
}

function reason(error: unknown): string {
  if (error instanceof AssertionError) throw error
  return error instanceof Error ? error.message : String(error)
}
