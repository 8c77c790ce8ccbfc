import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatInstant, parseInstant, wholeSecond } from './instant.ts'

describe('an instant on the wire', () => {
  it('is RFC 3339, UTC, cut to whole seconds', () => {
    assert.equal(formatInstant(Date.UTC(2026, 10, 23, 10, 0, 0, 999)), '2026-11-23T10:00:00Z')
  })

  it('is read back as it was written', () => {
    const instant = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })
    fc.assert(fc.property(instant, at => parseInstant(formatInstant(at)) === wholeSecond(at)))
  })

  for (const text of [
    '',
    '2026-11-23',
    '2026-11-23T10:00:00',
    '2026-11-23T10:00:00.5Z',
    '2026-11-23T10:00:00+00:00',
    '2026-02-30T10:00:00Z',
    '2026-11-23t10:00:00z',
  ]) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseInstant(text), undefined))
  }
})
