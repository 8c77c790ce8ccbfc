import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reachInWords, timeLeftInWords } from './words.ts'

describe('what the page says', () => {
  it('of a reach', () => {
    assert.equal(reachInWords(undefined), 'the whole cluster')
    assert.equal(reachInWords(['web']), 'namespace web')
    assert.equal(reachInWords(['db', 'web']), 'namespaces db, web')
  })

  for (const [ms, words] of [
    [-1, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m'],
    [3_600_000, '1h'],
    [28_799_999, '7h59m'],
  ] as const) {
    it(`of ${ms} ms that are left: ${words}`, () => assert.equal(timeLeftInWords(ms), words))
  }
})
