import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from './config.ts'
import { choices, decide, type Grant } from './decide.ts'
import { Problem, type ProblemCode } from './problem.ts'
import type { TailnetIdentity } from './tailnet-identity.ts'

const config = parseConfig({
  cluster: 'lab',
  roles: [
    { name: 'view', scope: 'cluster', maxPeriod: '8h' },
    { name: 'edit', scope: 'namespaced', maxPeriod: '4h' },
    { name: 'admin', scope: 'cluster', maxPeriod: '1h' },
  ],
})
const single = { ...config, rules: 'single' } as const

const person = (...capabilities: readonly unknown[]): TailnetIdentity => ({
  kind: 'person',
  displayName: 'Alice',
  login: 'alice@example.com',
  userId: '7',
  node: { id: 'n1', name: 'laptop' },
  capabilities,
})
const view = { role: 'view', period: '8h' }
const edit = { role: 'edit', period: '1h', namespaces: ['web'] }
const admin = { role: 'admin', period: '1h', priority: 10 }

/** A grant, or the code of the Problem. */
function decided(identity: TailnetIdentity, role?: string, rules: typeof config = config): Grant | ProblemCode {
  try {
    return decide({ identity, config: rules, role })
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

const roleOf = (decision: Grant | ProblemCode) => (typeof decision === 'string' ? decision : decision.role)

describe('the decision', () => {
  it('gives what the rule says', () => {
    assert.deepEqual(decided(person(view)), { role: 'view', periodSeconds: 28_800, priority: 0, viewSessions: false })
    assert.deepEqual(decided(person({ ...edit, namespaces: ['web', 'db'] })), {
      role: 'edit',
      namespaces: ['db', 'web'],
      periodSeconds: 3_600,
      priority: 0,
      viewSessions: false,
    })
  })

  const refusals: readonly (readonly [string, TailnetIdentity, ProblemCode])[] = [
    ['came through Funnel', { kind: 'funnel' }, 'funnel'],
    ['is unknown to the tailnet', { kind: 'unknown' }, 'peer-unknown'],
    ['could not be asked for', { kind: 'whois-failed' }, 'whois-failed'],
    ['is a tagged device', { kind: 'tagged' }, 'tagged-node'],
    ['has a rule that cannot be read, even beside a good one', person(view, { role: 'view' }), 'capability-invalid'],
    ['has no rule', person(), 'no-rule'],
    ['has two different rules of one priority', person(view, edit), 'rules-tie'],
    ['has two periods for one role', person(view, { ...view, period: '4h' }), 'rules-tie'],
    ['has a role that is not offered', person({ ...view, role: 'cluster-admin' }), 'role-not-offered'],
    ['has a role that is not offered for the whole cluster', person({ ...view, role: 'edit' }), 'role-not-offered'],
    ['has a role that is not offered for namespaces', person({ ...view, namespaces: ['web'] }), 'role-not-offered'],
    ['names kube-system', person({ ...edit, namespaces: ['web', 'kube-system'] }), 'namespace-protected'],
    ['names the namespace of the sessions', person({ ...edit, namespaces: ['tka'] }), 'namespace-protected'],
    ['names the namespace of the functions', person({ ...edit, namespaces: ['tka-system'] }), 'namespace-protected'],
    ['has a period in no grammar', person({ ...view, period: 'a day' }), 'period-invalid'],
    ['has a negative period', person({ ...view, period: '-1h' }), 'period-invalid'],
    ['has a period under ten minutes', person({ ...view, period: '9m59s' }), 'period-invalid'],
    ["has a period over the role's maximum", person({ ...view, period: '8h1s' }), 'period-invalid'],
    ['is refused the role before the period', person({ role: 'root', period: 'a day' }), 'role-not-offered'],
  ]
  for (const [what, identity, code] of refusals) {
    it(`is ${code} for whoever ${what}`, () => assert.equal(decided(identity), code))
  }

  it('judges the bounds of the chosen rule alone', () => {
    assert.equal(roleOf(decided(person(admin, { ...view, period: 'a day' }))), 'admin')
  })

  it('takes the highest priority', () => {
    assert.equal(roleOf(decided(person(view, admin))), 'admin')
    assert.equal(roleOf(decided(person(view, { ...admin, priority: -1 }))), 'view')
  })

  it('counts what is said twice once', () => {
    assert.equal(roleOf(decided(person(view, { ...view }, { ...view, period: '480m' }))), 'view')
  })

  it('takes only one rule where the install says so, whatever the priorities', () => {
    assert.equal(decided(person(view, admin), undefined, single), 'rules-tie')
    assert.equal(decided(person(view, admin), 'view', single), 'rules-tie')
    assert.equal(roleOf(decided(person(view, view), undefined, single)), 'view')
  })

  it('considers only rules of the chosen role', () => {
    assert.equal(roleOf(decided(person(view, admin), 'view')), 'view')
    assert.equal(roleOf(decided(person(view, edit), 'edit')), 'edit')
    assert.equal(decided(person(view), 'admin'), 'no-rule')
    assert.equal(decided(person(view, { role: 'admin' }), 'view'), 'capability-invalid')
  })

  it('says which bound a period breaks', () => {
    const say = (period: string) => () => decide({ identity: person({ ...view, period }), config })
    assert.throws(say('9h'), /at most 8h/)
    assert.throws(say('1m'), /at least 10m/)
  })

  it('does not depend on the order of the rules', () => {
    const rule = fc.record({
      role: fc.constantFrom('view', 'edit', 'admin', 'root'),
      period: fc.constantFrom('1h', '60m', '8h', 'x'),
      priority: fc.constantFrom(0, 1, 2),
    })
    const rules = fc.array(rule, { maxLength: 5 })
    const shuffled = rules.chain(all =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        assert.deepEqual(decided(person(...one)), decided(person(...other)))
      }),
    )
  })
})

describe('the choices', () => {
  it('are the rules that would be granted, by role', () => {
    const rules = [view, admin, { role: 'root', period: '1h' }, { ...edit, namespaces: ['tka'] }]
    assert.deepEqual(
      choices(person(...rules), config).map(({ role }) => role),
      ['admin', 'view'],
    )
  })

  it('are none without a rule, and a Problem where a rule cannot be read', () => {
    assert.deepEqual(choices(person(), config), [])
    assert.throws(() => choices(person({}), config), /capability-invalid/)
  })
})
