import { setTimeout as sleep } from 'node:timers/promises'
import type { TkaEvent } from '#events'

/** What delivering needs. */
export interface DeliveryDeps {
  /** POSTs one event to the broker; rejects unless it was taken. */
  readonly emit: (event: TkaEvent, options: { readonly signal: AbortSignal }) => Promise<void>
  readonly now: () => number
  /** Told of each attempt that failed. */
  readonly failed: (event: TkaEvent, error: unknown) => void
}

/** Delivery of login's events to the broker. */
export interface Delivery {
  /**
   * Sends the event until the broker takes it, `until` is over, or nobody needs it any more. No attempt is cut short before
   * `until`: with a synchronous broker that would cancel its retries and its dead letter. Never rejects.
   */
  deliver(event: TkaEvent, options: { readonly until: number; readonly needed?: () => boolean }): Promise<void>
  /** Resolves when no delivery is under way, or with `signal`. */
  idle(signal: AbortSignal): Promise<void>
}

const firstPauseMs = 200
const longestPauseMs = 2_000

/** Makes the delivery over an emitter. */
export function createDelivery({ emit, now, failed }: DeliveryDeps): Delivery {
  const underWay = new Set<Promise<void>>()

  async function attempt(event: TkaEvent, until: number, needed: () => boolean): Promise<void> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const left = until - now()
      if (left <= 0) return
      try {
        return await emit(event, { signal: AbortSignal.timeout(left) })
      } catch (error) {
        failed(event, error)
      }
      await sleep(Math.min(pauseMs, Math.max(0, until - now())))
      if (!needed()) return
    }
  }

  return {
    async deliver(event, { until, needed = () => true }) {
      const delivery = attempt(event, until, needed)
      underWay.add(delivery)
      await delivery
      underWay.delete(delivery)
    },
    async idle(signal) {
      const over = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.race([Promise.all(underWay), over])
    },
  }
}
