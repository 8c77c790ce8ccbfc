import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { LastWords } from './last-words.ts'

const goroutines = '\ngoroutine 1 [running]:\nmain.main()\n\t/helper/main.go:44 +0x1d\n'.repeat(200)

const said: ReadonlyArray<readonly [string, readonly string[], string | undefined]> = [
  ['nothing', [], undefined],
  ['a last line', ['one\n', 'two\n'], 'two'],
  [
    'a panic',
    ['started\npanic: assignment to entry in nil map\n', goroutines],
    'panic: assignment to entry in nil map',
  ],
  ['a panic in pieces', ['pan', 'ic: no', ' more\ngor', goroutines], 'panic: no more'],
  [
    'what the runtime found',
    ['fatal error: concurrent map writes\n', goroutines],
    'fatal error: concurrent map writes',
  ],
]

suite('the last words of a program', () => {
  for (const [what, pieces, reason] of said) {
    test(`are ${what}`, () => {
      const words = new LastWords()
      for (const piece of pieces) words.take(piece)
      assert.equal(words.reason, reason)
    })
  }
})
