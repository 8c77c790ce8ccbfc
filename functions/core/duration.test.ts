import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatSeconds, parseDuration, parseSeconds } from './duration.ts'

describe('a duration', () => {
  const good: readonly (readonly [string, number])[] = [
    ['8h', 28_800_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['90m', 5_400_000],
    ['0s', 0],
    ['500ms', 500],
    ['1s500ms', 1_500],
    ['1000us', 1],
    ['1000µs', 1],
    ['1000000ns', 1],
    ['1h1h', 7_200_000],
  ]
  for (const [text, milliseconds] of good) {
    it(`${text} is ${milliseconds} ms`, () => assert.equal(parseDuration(text), milliseconds))
  }

  const bad = [
    '',
    '8',
    '0',
    'h',
    '8 h',
    ' 8h',
    '8h ',
    '-8h',
    '+8h',
    '8H',
    '8d',
    '.5h',
    '1.h',
    '8h30',
    '1e3s',
    '1us',
    '0.1ms',
    '٨h',
    '8h\n',
  ]
  for (const text of bad) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseDuration(text), undefined))
  }

  it('longer than Go can hold is none', () => {
    assert.equal(parseDuration('2562047h'), 2_562_047 * 3_600_000)
    assert.equal(parseDuration('2562048h'), undefined)
    assert.equal(parseDuration('9'.repeat(1_000_000).concat('h')), undefined)
  })

  it('of a period is whole seconds and at least one', () => {
    assert.equal(parseSeconds('10m'), 600)
    for (const text of ['0s', '500ms', '1500ms', 'soon']) assert.equal(parseSeconds(text), undefined, text)
  })

  it('is read back as it was written', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 10 ** 8 }), n => parseSeconds(formatSeconds(n)) === n))
  })

  it('never throws and never gives a fraction', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.hmsnuµ+-]{0,20}$/))
    fc.assert(fc.property(text, given => Number.isInteger(parseDuration(given) ?? 0)))
  })
})
