import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Bucket, isFull, takeToken } from './token-bucket.ts'

const size = { perSecond: 2, burst: 3 }

/** The instants at which somebody got a token, of all at which they tried. */
function given(instants: readonly number[], limit = size): readonly number[] {
  let bucket: Bucket | undefined
  return instants.filter(now => {
    const taken = takeToken(bucket, limit, now)
    bucket = taken.bucket
    return taken.waitSeconds === undefined
  })
}

describe('a bucket of tokens', () => {
  it('gives as many as it holds at once, then one at a time at its pace', () => {
    assert.deepEqual(given([0, 0, 0, 0, 499, 500, 500, 999, 1_000]), [0, 0, 0, 500, 1_000])
  })

  it('says in whole seconds when the next is there', () => {
    const empty = { tokens: 0, at: 0 }
    assert.equal(takeToken(empty, size, 0).waitSeconds, 1)
    assert.equal(takeToken(empty, { perSecond: 0.1, burst: 1 }, 0).waitSeconds, 10)
    assert.equal(takeToken(empty, { perSecond: 0.1, burst: 1 }, 8_500).waitSeconds, 2)
    assert.equal(takeToken(empty, { perSecond: 0.1, burst: 1 }, 10_000).waitSeconds, undefined)
  })

  it('is full again after a pause, and never more than that', () => {
    const empty = { tokens: 0, at: 0 }
    assert.ok(!isFull(empty, size, 1_499))
    assert.ok(isFull(empty, size, 1_500))
    assert.equal(takeToken(empty, size, 1e12).bucket.tokens, 2)
  })

  const tries = fc.record({
    perSecond: fc.double({ min: 0.1, max: 100, noNaN: true }),
    burst: fc.integer({ min: 1, max: 20 }),
    steps: fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 100 }),
  })
  const instantsOf = (steps: readonly number[]) => {
    let now = 0
    return steps.map(step => (now += step))
  }

  it('gives no more in any window than its burst and its pace allow', () => {
    fc.assert(
      fc.property(tries, ({ steps, ...limit }) => {
        const got = given(instantsOf(steps), limit)
        got.forEach((from, first) => {
          got.slice(first).forEach((to, i) => {
            const most = limit.burst + ((to - from) / 1_000) * limit.perSecond
            assert.ok(i + 1 <= most + 1e-6, `${i + 1} within ${to - from} ms`)
          })
        })
      }),
    )
  })

  it('gives to whoever waits as long as it says', () => {
    fc.assert(
      fc.property(tries, ({ steps, ...limit }) => {
        let bucket: Bucket | undefined
        for (const now of instantsOf(steps)) {
          const taken = takeToken(bucket, limit, now)
          bucket = taken.bucket
          if (taken.waitSeconds === undefined) continue
          assert.equal(takeToken(bucket, limit, now + taken.waitSeconds * 1_000).waitSeconds, undefined)
        }
      }),
    )
  })

  it('neither gives nor takes when its clock is set back', () => {
    const { bucket } = takeToken({ tokens: 2, at: 5_000 }, size, 4_000)
    assert.deepEqual(bucket, { tokens: 1, at: 4_000 })
  })
})
