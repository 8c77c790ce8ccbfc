import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isFresh } from './is-fresh.ts'

it('is fresh for its time, and never when it is of the future', () => {
  assert.equal(isFresh(1_000, 1_000, 500), true)
  assert.equal(isFresh(1_000, 1_499, 500), true)
  assert.equal(isFresh(1_000, 1_500, 500), false)
  assert.equal(isFresh(1_000, 999, 500), false)
})
