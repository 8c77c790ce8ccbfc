import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEvent } from '#events'
import { createDelivery } from './deliver.ts'

const event = createEvent('dev.tka.logout.requested.v1', {
  source: '/tka/lab/login',
  subject: 'tka-user-alice',
  now: Date.now(),
  data: { login: 'alice@example.com', userId: '7', node: 'n1', reason: 'asked' },
})

/** A broker that refuses the first `refusals` attempts, and what it saw. */
function broker(refusals: number) {
  const seen: { readonly id: string; readonly left: AbortSignal }[] = []
  const failures: unknown[] = []
  const delivery = createDelivery({
    now: Date.now,
    failed: (_, error) => failures.push(error),
    emit: async ({ id }, { signal }) => {
      seen.push({ id, left: signal })
      if (seen.length <= refusals) throw new Error('503')
    },
  })
  return { seen, failures, delivery }
}

describe('a delivery', () => {
  it('is over with the first attempt that the broker takes', async () => {
    const { seen, failures, delivery } = broker(0)
    await delivery.deliver(event, { until: Date.now() + 5_000 })
    assert.equal(seen.length, 1)
    assert.deepEqual(failures, [])
  })

  it('repeats the very same event, and tells of each failure', async () => {
    const { seen, failures, delivery } = broker(2)
    await delivery.deliver(event, { until: Date.now() + 5_000 })
    assert.deepEqual(
      seen.map(({ id }) => id),
      [event.id, event.id, event.id],
    )
    assert.equal(failures.length, 2)
  })

  it('gives up quietly when its time is over', async () => {
    const { failures, delivery } = broker(Number.POSITIVE_INFINITY)
    const until = Date.now() + 500
    await delivery.deliver(event, { until })
    assert.ok(Date.now() >= until)
    assert.ok(failures.length >= 2)
  })

  it('stops repeating once nobody needs it any more', async () => {
    const { seen, delivery } = broker(Number.POSITIVE_INFINITY)
    await delivery.deliver(event, { until: Date.now() + 60_000, needed: () => seen.length < 2 })
    assert.equal(seen.length, 2)
  })

  it('does not cut an attempt short, needed or not', async () => {
    const taken = Promise.withResolvers<void>()
    let cut = false
    const delivery = createDelivery({
      now: Date.now,
      failed: () => undefined,
      emit: (_, { signal }) => {
        signal.addEventListener('abort', () => {
          cut = true
        })
        return taken.promise
      },
    })
    const delivering = delivery.deliver(event, { until: Date.now() + 60_000, needed: () => false })
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal(cut, false)
    taken.resolve()
    await delivering
  })

  it('is waited for at the end of the process, but not for ever', async () => {
    const taken = Promise.withResolvers<void>()
    const delivery = createDelivery({ now: Date.now, failed: () => undefined, emit: () => taken.promise })
    await delivery.idle(AbortSignal.timeout(1_000))
    const delivering = delivery.deliver(event, { until: Date.now() + 60_000 })
    let idle = false
    const waiting = delivery.idle(AbortSignal.timeout(60_000)).then(() => {
      idle = true
    })
    await delivery.idle(AbortSignal.timeout(20))
    assert.equal(idle, false)
    taken.resolve()
    await Promise.all([delivering, waiting])
    assert.equal(idle, true)
  })
})
