import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type CapabilityRule, readCapabilityRules } from './capability-rule.ts'
import { Problem } from './problem.ts'

const good = { role: 'view', period: '8h' }
const read = (value: unknown) => readCapabilityRules([value])[0]

describe('a rule of the tailnet policy', () => {
  it('needs a role and a period', () => {
    assert.deepEqual(read(good), { ...good, priority: 0, viewSessions: false })
  })

  it('may have everything else', () => {
    const full = { ...good, priority: -3, namespaces: ['web', 'db', 'web'], viewSessions: true }
    assert.deepEqual(read(full), { ...full, namespaces: ['db', 'web'] })
  })

  it('is read as Go reads JSON: keys in any letter case, unknown keys ignored, null as absent', () => {
    const asPeopleWriteIt = {
      Role: 'view',
      PERIOD: '8h',
      viewsessions: true,
      Priority: null,
      comment: { any: 'thing' },
    }
    assert.deepEqual(read(asPeopleWriteIt), { ...good, priority: 0, viewSessions: true })
  })

  const broken: readonly (readonly [string, unknown, RegExp])[] = [
    ['is a string', 'view', /rule 1: the rule must be a JSON object/],
    ['is a number', 7, /JSON object/],
    ['is null', null, /JSON object/],
    ['is a list', [good], /JSON object/],
    ['has no role', { period: '8h' }, /rule 1: role/],
    ['has an empty role', { ...good, role: '' }, /role/],
    ['has a role of null', { ...good, role: null }, /role/],
    ['has a role that is a number', { ...good, role: 7 }, /role .*7/],
    ['has no period', { role: 'view' }, /period/],
    ['has a period that is a number', { ...good, period: 28_800 }, /period .*28800/],
    ['has a priority that is text', { ...good, priority: '1' }, /priority .*"1"/],
    ['has a priority that is no integer', { ...good, priority: 1.5 }, /priority .*1\.5/],
    ['has a priority beyond integers', { ...good, priority: 2 ** 60 }, /priority/],
    ['has namespaces in one string', { ...good, namespaces: 'web' }, /namespaces .*"web"/],
    ['has no namespace in the list', { ...good, namespaces: [] }, /namespaces .*at least one/],
    ['has a namespace that is null', { ...good, namespaces: ['web', null] }, /namespaces/],
    ['has a namespace that is none', { ...good, namespaces: ['a/b'] }, /namespaces .*"a\/b"/],
    [
      'has more namespaces than a session holds',
      { ...good, namespaces: Array.from({ length: 65 }, (_, i) => `n${i}`) },
      /64/,
    ],
    ['has viewSessions in text', { ...good, viewSessions: 'yes' }, /viewSessions/],
    ['says the role twice', { ...good, ROLE: 'admin' }, /role must be given once/],
  ]
  for (const [what, value, message] of broken) {
    it(`is refused, rule and field named, when it ${what}`, () => {
      assert.throws(
        () => read(value),
        error => error instanceof Problem && error.code === 'capability-invalid' && message.test(error.detail),
      )
    })
  }

  it('that is broken spoils the good ones beside it', () => {
    assert.throws(() => readCapabilityRules([good, { role: 'view' }]), /rule 2: period/)
  })

  it('counts once, however often and in whatever words it is said', () => {
    assert.equal(readCapabilityRules([good, { ...good }, { ROLE: 'view', period: '480m', priority: 0 }]).length, 1)
    assert.equal(readCapabilityRules([good, { ...good, period: '7h' }]).length, 2)
  })

  it('is read or refused, and nothing else, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 4 }), values => {
        try {
          return readCapabilityRules(values).every((rule: CapabilityRule) => rule.role !== '' && rule.period !== '')
        } catch (error) {
          return error instanceof Problem && error.code === 'capability-invalid'
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
