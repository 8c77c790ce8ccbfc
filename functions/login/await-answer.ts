import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './answer.ts'
import type { Waiter } from './waiters.ts'

/** A second source of answers, asked from one second on: most events are here long before. */
export type OtherSource = (signal: AbortSignal) => Promise<Answer>

const otherSourceAfterMs = 1_000

/** Waits for the answer, by event or by the other source, whichever is first; `undefined` when the hold ended without one. */
export async function awaitAnswer(
  waiter: Waiter,
  { holdMs, otherwise }: { readonly holdMs: number; readonly otherwise?: OtherSource },
): Promise<Answer | undefined> {
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(holdMs)])
  const held = new Promise<undefined>(resolve => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  try {
    const other = otherwise === undefined ? held : askLater(waiter, otherwise, signal)
    await Promise.race([waiter.answer, held, other.then(() => held)])
    return waiter.settled ? await waiter.answer : undefined
  } finally {
    done.abort()
  }
}

async function askLater(waiter: Waiter, otherwise: OtherSource, signal: AbortSignal): Promise<void> {
  try {
    await sleep(otherSourceAfterMs, undefined, { signal })
    waiter.settle(await otherwise(signal))
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
