import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prefersAsync } from './prefer.ts'

describe('a Prefer header', () => {
  for (const [header, wanted] of [
    [undefined, false],
    ['', false],
    ['respond-async', true],
    ['Respond-Async', true],
    ['wait=10, respond-async', true],
    ['respond-async; foo=bar, wait=10', true],
    ['respond-asynchronously', false],
    ['wait=respond-async', false],
    ['return=minimal', false],
  ] as const) {
    it(`${wanted ? 'asks' : 'does not ask'} for an answer at once as ${JSON.stringify(header)}`, () => {
      assert.equal(prefersAsync(header), wanted)
    })
  }
})
