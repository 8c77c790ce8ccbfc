import { setTimeout as delay } from 'node:timers/promises'
import type { TkaEvent } from '#events'
import type { Emit } from '#io/emit'

/** Sends events that nobody waits for. Disposing of it waits for what is under way, but starts no further try. */
export interface Outbox extends AsyncDisposable {
  readonly announce: (event: TkaEvent) => void
}

export interface OutboxOptions {
  readonly emit: Emit
  readonly failed: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** The in-memory broker answers after all deliveries, retries and dead letters: 22.5 s for our own Triggers. */
const emitTimeoutMs = 30_000
const tries = 6

/** An event is tried until the Broker has taken it, for about a minute: truth is in the cluster, this only tells others of it. */
export function createOutbox({ emit, failed }: OutboxOptions): Outbox {
  const underWay = new Set<Promise<void>>()
  const stop = new AbortController()

  async function send(event: TkaEvent): Promise<void> {
    for (let count = 1; ; count++) {
      try {
        return await emit(event, { signal: AbortSignal.timeout(emitTimeoutMs) })
      } catch (error) {
        const last = count === tries || stop.signal.aborted
        failed(last ? 'an event was never taken by the Broker' : 'the Broker did not take an event yet', {
          type: event.type,
          event: event.id,
          subject: event.subject,
          error,
        })
        if (last) return
      }
      await delay(1_000 * 2 ** (count - 1), undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }

  return {
    announce(event) {
      const sending = send(event).finally(() => underWay.delete(sending))
      underWay.add(sending)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(underWay)
    },
  }
}
