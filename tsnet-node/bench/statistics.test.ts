import assert from 'node:assert/strict'
import { it } from 'node:test'
import { compare, median } from './statistics.ts'

it('takes the middle whatever the order, and between two the mean', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 2, 9]), 3)
  assert.throws(() => median([]), /nothing was measured/)
})

it('compares within a round, so that a slow round counts for both sides', () => {
  const { go, node, ratio, spread } = compare([
    { go: 100, node: 90 },
    { go: 10, node: 9 },
    { go: 100, node: 45 },
  ])
  assert.deepEqual({ go, node, ratio, spread }, { go: 100, node: 45, ratio: 0.9, spread: [0.45, 0.9] })
})
