import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import timers, { setImmediate as turn } from 'node:timers/promises'
import { defaultTiming, holdNode, type NodeHolder, type NodeLeaseDeps } from './node-lease.ts'

const timing = defaultTiming
const longerThanDead = 1.4 * timing.deadAfterMs
const fewLooks = 4 * timing.lookEveryMs
const { signal } = new AbortController()

/** Lets time pass, which stands still otherwise, and what it started come to its end. */
async function pass(ms: number): Promise<void> {
  const stepMs = 50
  for (let passed = 0; passed < ms; passed += stepMs) {
    mock.timers.tick(stepMs)
    await turn()
  }
}

/** Lets time pass until it is there. */
async function inTime<T>(what: Promise<T>): Promise<T> {
  let settled = false
  const settle = () => {
    settled = true
  }
  what.then(settle, settle)
  await turn()
  for (let looks = 0; !settled && looks < 100; looks += 1) await pass(timing.lookEveryMs)
  assert.ok(settled, 'it does not come')
  return what
}

/** What becomes of a pod's calls: they are answered at once or slowly, refused, or never answered. */
type Way = 'open' | 'slow' | 'refused' | 'silent'

/** A Lease in memory that takes a write only at the version that was read. */
function createLease() {
  let lease: NodeHolder = { resourceVersion: '1' }
  const ways = new Map<string, Way>()
  const travel = async (me: string, signal: AbortSignal) => {
    await undefined
    signal.throwIfAborted()
    if (ways.get(me) === 'refused') throw new Error('no API server')
    if (ways.get(me) === 'slow') await timers.setTimeout(0.6 * timing.renewEveryMs, undefined, { signal })
    if (ways.get(me) === 'silent') await new Promise((_, reject) => signal.addEventListener('abort', reject))
  }
  const pod = (me: string): NodeLeaseDeps => ({
    me,
    now: Date.now,
    monotonic: Date.now,
    timing,
    failed: () => undefined,
    read: async signal => {
      await travel(me, signal)
      return lease
    },
    write: async (read, { holder, wantedBy, renewedAt }, signal) => {
      await travel(me, signal)
      if (read.resourceVersion !== lease.resourceVersion) return undefined
      lease = {
        resourceVersion: String(Number(lease.resourceVersion) + 1),
        ...(holder === undefined ? {} : { holder }),
        ...(wantedBy === undefined ? {} : { wantedBy }),
        ...(renewedAt === undefined ? {} : { renewedAt }),
      }
      return lease
    },
  })
  return {
    pod,
    current: () => lease,
    /** Lets a pod hold it that does nothing more. */
    take: (holder: string, wantedBy?: string) =>
      pod(holder).write(lease, { holder, wantedBy, renewedAt: Date.now() }, signal),
    /** Gives it up for a pod that does nothing more. */
    giveUpFor: (wantedBy: string) =>
      pod(wantedBy).write(lease, { holder: undefined, wantedBy, renewedAt: Date.now() }, signal),
    way: (me: string, way: Way) => {
      ways.set(me, way)
    },
  }
}

const aborted = (what: AbortSignal) =>
  new Promise<void>(resolve => {
    if (what.aborted) resolve()
    what.addEventListener('abort', () => resolve(), { once: true })
  })

const insisting = { insist: true, signal }
const polite = { insist: false, signal }

describe('the right to be the tailnet node', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    mock.method(AbortSignal, 'timeout', (ms: number) => {
      const over = new AbortController()
      setTimeout(() => over.abort(), ms)
      return over.signal
    })
  })
  afterEach(() => mock.reset())

  it('is there for the first pod, and given back when it leaves', async () => {
    const lease = createLease()
    const holding = await inTime(holdNode(lease.pod('one'), insisting))
    assert.equal(lease.current().holder, 'one')
    await holding[Symbol.asyncDispose]()
    assert.equal(lease.current().holder, undefined)
  })

  it('goes to a starting pod when the holder has left the node, and not before', async () => {
    const lease = createLease()
    const one = await inTime(holdNode(lease.pod('one'), insisting))
    let taken = false
    const two = holdNode(lease.pod('two'), insisting).then(holding => {
      taken = true
      return holding
    })
    await inTime(aborted(one.wanted))
    await pass(fewLooks)
    assert.equal(taken, false)
    await one[Symbol.asyncDispose]()
    await using holding = await inTime(two)
    assert.equal(lease.current().holder, 'two')
    assert.equal(lease.current().wantedBy, undefined)
    assert.equal(holding.wanted.aborted, false)
  })

  it('does not come back to a pod that handed over while the other one is there', async () => {
    const lease = createLease()
    const one = await inTime(holdNode(lease.pod('one'), insisting))
    const stop = new AbortController()
    const two = holdNode(lease.pod('two'), insisting)
    await inTime(aborted(one.wanted))
    await one[Symbol.asyncDispose]()
    const back = holdNode(lease.pod('one'), { insist: false, signal: stop.signal })
    await using holding = await inTime(two)
    await pass(longerThanDead)
    assert.equal(lease.current().holder, 'two')
    assert.equal(holding.wanted.aborted, false)
    stop.abort()
    await assert.rejects(back)
  })

  it('comes back to a pod that handed over when the other one has left', async () => {
    const lease = createLease()
    const two = await inTime(holdNode(lease.pod('two'), insisting))
    const back = holdNode(lease.pod('one'), polite)
    await pass(fewLooks)
    assert.equal(two.wanted.aborted, false, 'it does not ask')
    await two[Symbol.asyncDispose]()
    await using _ = await inTime(back)
    assert.equal(lease.current().holder, 'one')
  })

  it('is asked for by the latest revision alone, however late a pod of an earlier one starts', async () => {
    const [first, second] = ['login-00001-deployment-5bff5b4b8c-vb8hw-7', 'login-00002-deployment-744c65bff-wjbml-7']
    const lease = createLease()
    await using holding = await inTime(holdNode(lease.pod(second), insisting))
    const stop = new AbortController()
    const late = holdNode(lease.pod(first), { insist: true, signal: stop.signal })
    await pass(longerThanDead)
    assert.equal(holding.wanted.aborted, false)
    assert.equal(lease.current().holder, second)
    stop.abort()
    await assert.rejects(late, { name: 'AbortError' })
  })

  it('is for the latest revision when it was asked for by it and is given up', async () => {
    const [first, second] = ['login-00001-deployment-5bff5b4b8c-vb8hw-7', 'login-00002-deployment-744c65bff-wjbml-7']
    const lease = createLease()
    const old = await inTime(holdNode(lease.pod(first), insisting))
    const next = holdNode(lease.pod(second), insisting)
    await inTime(aborted(old.wanted))
    const stop = new AbortController()
    const late = holdNode(lease.pod('login-00001-deployment-5bff5b4b8c-x2x2x-7'), { insist: true, signal: stop.signal })
    await old[Symbol.asyncDispose]()
    await using _ = await inTime(next)
    assert.equal(lease.current().holder, second)
    stop.abort()
    await assert.rejects(late)
  })

  it('is kept by the pod that takes it in place of one that asked for it and is gone', async () => {
    const [gone, next, late] = [
      'login-00002-deployment-a-a-7',
      'login-00002-deployment-a-b-7',
      'login-00001-deployment-a-c-7',
    ]
    const lease = createLease()
    await lease.giveUpFor(gone)
    await using holding = await inTime(holdNode(lease.pod(next), insisting))
    const stop = new AbortController()
    const earlier = holdNode(lease.pod(late), { insist: true, signal: stop.signal })
    await pass(fewLooks)
    assert.equal(holding.wanted.aborted, false)
    assert.equal(lease.current().holder, next)
    stop.abort()
    await assert.rejects(earlier)
  })

  it('is handed over to a pod of a later revision that asked before its holder started again', async () => {
    const [first, second] = ['login-00001-deployment-a-a-7', 'login-00002-deployment-a-b-7']
    const lease = createLease()
    await lease.take(first, second)
    const again = await inTime(holdNode(lease.pod(first), insisting))
    const next = holdNode(lease.pod(second), insisting)
    await inTime(aborted(again.wanted))
    await again[Symbol.asyncDispose]()
    await using _ = await inTime(next)
    assert.equal(lease.current().holder, second)
  })

  it('is taken from a pod that gives no sign of life', async () => {
    const lease = createLease()
    await lease.take('crashed')
    const taken = holdNode(lease.pod('two'), polite)
    await pass(timing.deadAfterMs)
    assert.equal(lease.current().holder, 'crashed')
    await using _ = await inTime(taken)
    assert.equal(lease.current().holder, 'two')
  })

  it('stays with a pod that gives signs of life', async () => {
    const lease = createLease()
    await using one = await inTime(holdNode(lease.pod('one'), insisting))
    const stop = new AbortController()
    const two = holdNode(lease.pod('two'), { insist: false, signal: stop.signal })
    await pass(longerThanDead)
    assert.equal(one.wanted.aborted, false)
    assert.equal(lease.current().holder, 'one')
    stop.abort()
    await assert.rejects(two, { name: 'AbortError' })
  })

  it('comes back at once to a container that starts again in the same pod', async () => {
    const lease = createLease()
    await lease.take('one')
    await using _ = await inTime(holdNode(lease.pod('one'), insisting))
    assert.equal(Date.now(), 0)
  })

  it('is lost when another pod has taken it, which is then left alone', async () => {
    const lease = createLease()
    const one = await inTime(holdNode(lease.pod('one'), insisting))
    while (!(await lease.take('two')));
    await inTime(aborted(one.lost))
    assert.equal(one.wanted.aborted, true)
    await one[Symbol.asyncDispose]()
    assert.equal(lease.current().holder, 'two')
  })

  for (const way of ['refused', 'silent'] as const) {
    it(`is lost by a pod whose calls are ${way}, before another pod gets it`, async () => {
      const lease = createLease()
      const one = await inTime(holdNode(lease.pod('one'), insisting))
      lease.way('one', way)
      const two = holdNode(lease.pod('two'), insisting).then(holding => {
        assert.equal(one.lost.aborted, true)
        return holding
      })
      await pass(timing.lostAfterMs / 2)
      assert.equal(one.wanted.aborted, false, 'not for a moment')
      await inTime(aborted(one.lost))
      assert.equal(one.wanted.aborted, true)
      assert.equal(lease.current().holder, 'one')
      await using _ = await inTime(two)
      lease.way('one', 'open')
      await one[Symbol.asyncDispose]()
      assert.equal(lease.current().holder, 'two')
    })
  }

  it('is lost also while what is under way is finished for another pod', async () => {
    const lease = createLease()
    const one = await inTime(holdNode(lease.pod('one'), insisting))
    const two = holdNode(lease.pod('two'), insisting)
    await inTime(aborted(one.wanted))
    assert.equal(one.lost.aborted, false)
    lease.way('one', 'refused')
    await inTime(aborted(one.lost))
    await using _ = await inTime(two)
  })

  it('comes back to the pod that lost it, when its calls are answered again', async () => {
    const lease = createLease()
    const one = await inTime(holdNode(lease.pod('one'), insisting))
    lease.way('one', 'refused')
    await inTime(aborted(one.lost))
    await one[Symbol.asyncDispose]()
    const back = holdNode(lease.pod('one'), polite)
    await pass(fewLooks)
    lease.way('one', 'open')
    await using holding = await inTime(back)
    assert.equal(holding.lost.aborted, false)
  })

  it('is taken from a dead pod by one of two that both ask for it', async () => {
    const lease = createLease()
    await lease.take('crashed')
    const stop = new AbortController()
    const both = ['two', 'three'].map(me => holdNode(lease.pod(me), { insist: true, signal: stop.signal }))
    await using _ = await inTime(Promise.any(both))
    assert.notEqual(lease.current().holder, 'crashed')
    stop.abort()
    await Promise.allSettled(both)
  })

  it('is kept through an API server that is away for a moment', async () => {
    const lease = createLease()
    await using one = await inTime(holdNode(lease.pod('one'), insisting))
    lease.way('one', 'refused')
    await pass(fewLooks)
    lease.way('one', 'open')
    await pass(fewLooks)
    assert.equal(one.wanted.aborted, false)
    assert.equal(lease.current().holder, 'one')
  })

  it('is kept through an API server that is slow, as long as it answers each call in time', async () => {
    const lease = createLease()
    await using one = await inTime(holdNode(lease.pod('one'), insisting))
    lease.way('one', 'slow')
    await pass(3 * timing.lostAfterMs)
    lease.way('one', 'open')
    assert.equal(one.wanted.aborted, false)
  })

  it('goes to one of two pods that start at once', async () => {
    const lease = createLease()
    const stop = new AbortController()
    const both = ['one', 'two'].map(me => holdNode(lease.pod(me), { insist: false, signal: stop.signal }))
    await using _ = await inTime(Promise.any(both))
    await pass(longerThanDead)
    stop.abort()
    const settled = await Promise.allSettled(both)
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
  })
})
