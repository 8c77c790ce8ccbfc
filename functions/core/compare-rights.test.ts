import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requireSameRights, sameRights, stateOfGrant } from './compare-rights.ts'
import { parseConfig } from './config.ts'
import type { TailnetIdentity } from './tailnet-identity.ts'

const config = parseConfig({
  cluster: 'lab',
  roles: [
    { name: 'view', scope: 'cluster', maxPeriod: '8h' },
    { name: 'edit', scope: 'namespaced', maxPeriod: '8h' },
  ],
})
const person = (...capabilities: readonly unknown[]): TailnetIdentity => ({
  kind: 'person',
  displayName: 'Alice',
  login: 'alice@example.com',
  userId: '7',
  node: { id: 'n1', name: 'laptop' },
  capabilities,
})
const view = { role: 'view', period: '8h' }
const edit = { role: 'edit', period: '8h', namespaces: ['web', 'db'] }
const now = Date.UTC(2026, 10, 23, 10)
const hours = (n: number) => now + n * 3_600_000

describe('the grant of a running session', () => {
  const session = { role: 'view', validUntil: hours(8) }
  const spaces = { role: 'edit', namespaces: ['db', 'web'], validUntil: hours(1) }
  const cases: readonly (readonly [string, Parameters<typeof stateOfGrant>[0], TailnetIdentity, string])[] = [
    ['the same rule', session, person(view), 'kept'],
    ['the same namespaces in another order', spaces, person(edit), 'kept'],
    ['a longer period than is left', { ...session, validUntil: hours(1) }, person({ ...view, period: '2h' }), 'kept'],
    ['a second, stronger rule', session, person(view, { ...edit, priority: 5 }), 'kept'],
    ['no rule', session, person(), 'grant-lost'],
    ['a rule that cannot be read', session, person({ role: 'view' }), 'grant-lost'],
    ['a tag on the node', session, { kind: 'tagged' }, 'grant-lost'],
    ['no such node', session, { kind: 'unknown' }, 'grant-lost'],
    ['another role', session, person({ ...edit, namespaces: ['web'] }), 'grant-lowered'],
    ['fewer namespaces', spaces, person({ ...edit, namespaces: ['web'] }), 'grant-lowered'],
    ['more namespaces', spaces, person({ ...edit, namespaces: ['web', 'db', 'ci'] }), 'grant-lowered'],
    ['a shorter period than is left', session, person({ ...view, period: '7h' }), 'grant-lowered'],
    ['a WhoIs that failed', session, { kind: 'whois-failed' }, 'unknown'],
  ]
  for (const [what, held, identity, state] of cases) {
    it(`is ${state} with ${what}`, () => assert.equal(stateOfGrant(held, identity, config, now), state))
  }
})

describe('the rights of a device', () => {
  it('must be those of the session', () => {
    requireSameRights({ role: 'view' }, person(view), config)
    requireSameRights({ role: 'view' }, person(view, { ...edit, priority: 5 }), config)
    assert.throws(() => requireSameRights({ role: 'view' }, person(edit), config), /rights-differ/)
    assert.throws(() => requireSameRights({ role: 'view' }, person(), config), /rights-differ/)
    assert.throws(() => requireSameRights({ role: 'edit', namespaces: ['web'] }, person(edit), config), /rights-differ/)
  })

  it('are none for whoever is no person', () => {
    assert.throws(() => requireSameRights({ role: 'view' }, { kind: 'funnel' }, config), /^Problem: funnel/)
    assert.throws(() => requireSameRights({ role: 'view' }, { kind: 'whois-failed' }, config), /^Problem: whois-failed/)
  })

  it('for the whole cluster are not those for namespaces', () => {
    assert.ok(!sameRights({ role: 'view' }, { role: 'view', namespaces: ['web'] }))
    assert.ok(sameRights({ role: 'view', namespaces: ['web'] }, { role: 'view', namespaces: ['web'] }))
  })
})
