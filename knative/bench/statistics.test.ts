import assert from 'node:assert/strict'
import { it } from 'node:test'
import { summarise } from './statistics.ts'

it('gives the value at the rank, whatever the order', () => {
  const durations = Array.from({ length: 100 }, (_, index) => 100 - index)
  assert.deepEqual(summarise(durations), { p50: 50, p99: 99, count: 100 })
})

it('has nothing to say about nothing', () => {
  assert.throws(() => summarise([]), /nothing was measured/)
})
