import assert from 'node:assert/strict'
import { describe, it, mock, type TestContext } from 'node:test'
import { createSweepGate, type SweepGateOptions } from './sweep-gate.ts'

const quick = async () => undefined
const never = async () => assert.fail('it sweeps though it is too early')

/** A gate whose clock and timers go when they are told to, and what it did of its own accord. */
function gateOf(t: TestContext, { now = () => Date.now(), followUp = quick }: Partial<SweepGateOptions> = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  t.after(() => mock.timers.reset())
  const followed: number[] = []
  const failures: unknown[] = []
  const gate = createSweepGate({
    now,
    intervalMs: 20_000,
    followUp: () => {
      followed.push(Date.now())
      return followUp()
    },
    failed: error => failures.push(error),
  })
  return { gate, followed, failures }
}

/** Lets time pass and what it started come to its end. */
async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms)
  for (let turns = 0; turns < 5; turns++) await new Promise(resolve => setImmediate(resolve))
}

describe('the gate of the sweeper', () => {
  it('lets one sweep through in twenty seconds', async t => {
    const { gate, followed } = gateOf(t)
    assert.equal(await gate.pass(quick), 'swept')
    await pass(20_000)
    assert.equal(await gate.pass(quick), 'swept')
    await pass(60_000)
    assert.deepEqual(followed, [], 'nobody asked in between')
  })

  it('sweeps once more, when the twenty seconds are over, for all who asked meanwhile', async t => {
    const { gate, followed } = gateOf(t)
    await gate.pass(quick)
    for (const ms of [1, 9_999, 9_999]) {
      await pass(ms)
      assert.equal(await gate.pass(never), 'deferred')
    }
    assert.deepEqual(followed, [])
    await pass(1)
    assert.deepEqual(followed, [20_000])
    await pass(60_000)
    assert.deepEqual(followed, [20_000])
  })

  it('counts the sweep that followed, for whoever asks next', async t => {
    const { gate, followed } = gateOf(t)
    await gate.pass(quick)
    await gate.pass(never)
    await pass(20_000)
    await pass(19_999)
    assert.equal(await gate.pass(never), 'deferred')
    await pass(1)
    assert.deepEqual(followed, [20_000, 40_000])
  })

  it('sweeps once a longer sweep is over, for who asked while it ran', async t => {
    const { gate, followed } = gateOf(t)
    const running = Promise.withResolvers<void>()
    const first = gate.pass(() => running.promise)
    await pass(30_000)
    assert.equal(await gate.pass(never), 'deferred')
    await pass(10_000)
    assert.deepEqual(followed, [], 'never two at a time')
    running.resolve()
    assert.equal(await first, 'swept')
    await pass(0)
    assert.deepEqual(followed, [40_000])
  })

  it('owes nothing any more once somebody else could sweep', async t => {
    let timerIsLateBy = 0
    const { gate, followed } = gateOf(t, { now: () => Date.now() + timerIsLateBy })
    await gate.pass(quick)
    await gate.pass(never)
    timerIsLateBy = 20_000
    assert.equal(await gate.pass(quick), 'swept')
    await pass(60_000)
    assert.deepEqual(followed, [])
  })

  it('counts a sweep that failed: one follows in time for who asks again', async t => {
    const { gate, followed } = gateOf(t)
    await assert.rejects(gate.pass(async () => Promise.reject(new Error('no API server'))))
    assert.equal(await gate.pass(never), 'deferred')
    await pass(19_999)
    assert.deepEqual(followed, [])
    await pass(1)
    assert.deepEqual(followed, [20_000])
  })

  it('tells of a sweep that followed and failed, which counts as any other', async t => {
    const { gate, failures } = gateOf(t, { followUp: () => Promise.reject(new Error('no API server')) })
    await gate.pass(quick)
    await gate.pass(never)
    await pass(20_000)
    assert.match(String(failures), /no API server/)
    assert.equal(await gate.pass(never), 'deferred')
  })

  it('ends after the sweep that has begun, and begins no other', async t => {
    const running = Promise.withResolvers<void>()
    const { gate, followed } = gateOf(t, { followUp: () => running.promise })
    await gate.pass(quick)
    await gate.pass(never)
    await pass(20_000)
    await gate.pass(never)
    let ended = false
    const end = gate[Symbol.asyncDispose]().then(() => {
      ended = true
    })
    await pass(60_000)
    assert.equal(ended, false)
    running.resolve()
    await end
    await pass(60_000)
    assert.deepEqual(followed, [20_000])
  })
})
