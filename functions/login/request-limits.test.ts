import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '#core/problem'
import { createRequestLimits } from './request-limits.ts'

const limits = { perPerson: { perSecond: 1, burst: 10 }, total: { perSecond: 100, burst: 25 } }

/** Limits on a clock of the test's own. */
function trial(sizes = limits) {
  const clock = { now: 0 }
  const counted = createRequestLimits(sizes, () => clock.now)
  /** How many of so many requests are taken, and how long the last one refused was to wait. */
  function ask(times: number, userId: (i: number) => string, isLogout = false) {
    let taken = 0
    let waitSeconds: number | undefined
    for (let i = 0; i < times; i += 1) {
      try {
        counted.admit({ userId: userId(i) }, isLogout)
        taken += 1
      } catch (error) {
        assert.ok(error instanceof Problem && error.code === 'too-many-requests')
        waitSeconds = error.retryAfterSeconds
      }
    }
    return { taken, waitSeconds }
  }
  return { clock, counted, ask }
}

const alice = () => '7'
const bob = () => '8'
const everybody = (i: number) => `person-${i}`

describe('the limits on requests', () => {
  it('hold for each person, say when to come back, and keep to that', () => {
    const { clock, ask } = trial()
    assert.deepEqual(ask(20, alice), { taken: 10, waitSeconds: 1 })
    assert.deepEqual(ask(5, bob), { taken: 5, waitSeconds: undefined })
    clock.now = 1_000
    assert.equal(ask(20, alice).taken, 1)
  })

  it('hold for everybody together', () => {
    const { clock, ask } = trial()
    assert.deepEqual(ask(40, everybody), { taken: 25, waitSeconds: 1 })
    clock.now = 100
    assert.equal(ask(40, everybody).taken, 10)
  })

  it('count nothing of what was refused, for the person or for all', () => {
    const { clock, ask } = trial()
    assert.equal(ask(1_000, alice).taken, 10)
    assert.equal(ask(40, everybody).taken, 15, 'what alice asked in vain was taken from nobody')
    assert.equal(ask(50, bob).taken, 0)
    clock.now = 1_000
    assert.equal(ask(50, bob).taken, 10, 'what bob asked in vain was not taken from him')
  })

  it('never let any other requests, of whomever, keep a person from logging out', () => {
    const { ask } = trial()
    ask(50, alice)
    ask(50, everybody)
    assert.equal(ask(20, alice, true).taken, 10)
    assert.equal(ask(100, everybody, true).taken, 100)
  })

  it('let a client log in anew, and poll, by default', () => {
    const { ask } = trial({ perPerson: { perSecond: 5, burst: 40 }, total: { perSecond: 200, burst: 1_000 } })
    assert.equal(ask(1, alice, true).taken, 1)
    assert.equal(ask(9, alice).taken, 9)
  })

  it('remember nobody for whom nothing is counted any more, and at most ten thousand', () => {
    const { clock, counted, ask } = trial({ ...limits, total: { perSecond: 1e6, burst: 1e6 } })
    assert.equal(ask(10_500, everybody).taken, 10_500)
    assert.equal(counted.size, 10_000)
    clock.now = 1_000
    ask(1, alice)
    assert.equal(counted.size, 1)
  })
})
