import assert from 'node:assert/strict'
import { it } from 'node:test'
import { waitUntil } from './wait-until.ts'

it('looks again until it is so', async () => {
  let looks = 0
  await waitUntil('three', async () => ++looks === 3 || `only ${looks}`, { everyMs: 1 })
  assert.equal(looks, 3)
})

it('says what was missing when the time is up', async () => {
  const never = waitUntil('the door', async () => 'it is shut', { timeoutMs: 10, everyMs: 1 })
  await assert.rejects(never, /^Error: the door: not so after 0\.01 s \(it is shut\)$/)
})

it('takes a probe that fails for one that is not so yet', async () => {
  const never = waitUntil('the door', () => Promise.reject(new Error('no answer')), { timeoutMs: 10, everyMs: 1 })
  await assert.rejects(never, /no answer/)
})

it('takes an assertion that fails for the end', async () => {
  const twice = waitUntil('one event', async () => assert.fail('it came twice'), { everyMs: 1 })
  await assert.rejects(twice, assert.AssertionError)
})

it("ends with the signal's reason", async () => {
  const reason = new Error('stopped')
  await assert.rejects(
    waitUntil('the door', async () => 'shut', { signal: AbortSignal.abort(reason) }),
    reason,
  )
})
