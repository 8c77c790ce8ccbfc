import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createLogger } from './log.ts'
import { redact } from './redact.ts'

function open(level?: string) {
  const lines: string[] = []
  const log = createLogger({
    level,
    fields: { function: 'login' },
    now: () => Date.parse('2026-11-23T10:00:00.5Z'),
    write: line => lines.push(line),
  })
  return { log, lines }
}

describe('a log', () => {
  it('is one JSON object a line, with severity, message, time and function', () => {
    const { log, lines } = open()
    log.with({ traceId: 'abc' }).warn('two\nlines', { count: 1n })
    assert.equal(
      lines.join(''),
      '{"severity":"warn","message":"two\\nlines","time":"2026-11-23T10:00:00.500Z","function":"login","traceId":"abc","count":"1"}\n',
    )
  })

  it('keeps its own fields whatever it is given', () => {
    const { log, lines } = open()
    log.info('hello', { severity: 'none', message: 'other', time: 'never' })
    const { severity, message, time } = JSON.parse(lines[0] ?? '')
    assert.deepEqual([severity, message, time], ['info', 'hello', '2026-11-23T10:00:00.500Z'])
  })

  it('writes errors whole, with their causes', () => {
    const { log, lines } = open()
    log.error('failed', { error: new Error('outer', { cause: new TypeError('inner') }) })
    const { error } = JSON.parse(lines[0] ?? '')
    assert.deepEqual([error.message, error.cause.name, error.cause.message], ['outer', 'TypeError', 'inner'])
    assert.match(error.stack, /log\.test/)
  })

  it('leaves out what is below its level', () => {
    const { log, lines } = open('warn')
    log.debug('a')
    log.info('b')
    log.warn('c')
    assert.equal(lines.length, 1)
  })

  it('is refused a level that does not exist', () => {
    assert.throws(() => open('loud'), /TKA_LOG_LEVEL must be one of debug, info, warn, error, it is "loud"/)
  })
})

describe('redaction', () => {
  const base64url = fc.string({ unit: fc.constantFrom(...'ABCabc019_-'), minLength: 24, maxLength: 60 })

  it("strikes out tokens and keys in the text of somebody else's errors", () => {
    fc.assert(
      fc.property(base64url, base64url, base64url, (a, b, c) => {
        for (const secret of [`eyJ${a}.${b}.${c}`, `eyJ${a}..${b}.${c}.${a}`, `tskey-auth-${a}`]) {
          assert.ok(!redact(`Authorization: Bearer ${secret}, and on`).includes(a))
        }
        assert.ok(!redact(`{"kty":"OKP","d":"${a}"}`).includes(a))
      }),
    )
  })

  it('leaves everything else alone', () => {
    const text = '{"message":"tka-user-alice in tka: view until 2026-11-23T10:00:00Z","kid":"login-abc"}'
    assert.equal(redact(text), text)
  })
})
