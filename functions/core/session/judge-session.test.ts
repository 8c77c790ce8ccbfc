import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeSession } from './judge-session.ts'
import type { Observed, ObservedBinding, ObservedServiceAccount } from './observed.ts'
import { hour, limits, liveRecord, minute, second, start } from './testing/sample-session.ts'

const lease = liveRecord()
const metadata = {
  resourceVersion: '1',
  createdAt: start,
  deleting: false,
  finalizers: [],
  owned: false,
  ours: true,
  session: lease.session,
  validUntil: lease.validUntil,
}
const serviceAccount: ObservedServiceAccount = {
  ...metadata,
  name: lease.name,
  uid: lease.serviceAccountUid,
  login: lease.login,
  userId: lease.userId,
}
const binding: ObservedBinding = {
  ...metadata,
  name: lease.bindings[0]?.name ?? '',
  uid: 'uid-binding',
  role: 'view',
  roleKind: 'ClusterRole',
  serviceAccounts: [lease.name],
  everySession: false,
  sessionsOnly: true,
}

function observed(change: Partial<Observed> = {}): Observed {
  return {
    name: lease.name,
    lease,
    serviceAccount,
    bindings: [binding],
    groupBindings: [],
    unconfirmed: [],
    missing: [],
    refused: false,
    ...change,
  }
}

const judge = (what: Observed, now = start + minute) => judgeSession(what, now, limits)

describe('a session’s end', () => {
  it('is the valid-until that Lease, ServiceAccount and binding agree on', () => {
    assert.deepEqual(judge(observed()), { state: 'live', endsAt: start + 8 * hour })
  })

  it('has come at that very second', () => {
    assert.equal(judge(observed(), start + 8 * hour - 1).state, 'live')
    assert.deepEqual(judge(observed(), start + 8 * hour), { state: 'past-due', reason: 'expired' })
  })

  it('never comes later than creation + the longest session, whatever the objects say', () => {
    const validUntil = start + 30 * hour
    const long = observed({
      lease: { ...lease, validUntil },
      serviceAccount: { ...serviceAccount, validUntil },
      bindings: [{ ...binding, validUntil }],
    })
    assert.deepEqual(judge(long), { state: 'live', endsAt: start + 24 * hour })
  })

  it('counts the longest session from the login that asked for it where its objects came later', () => {
    const validUntil = start + 30 * hour
    const createdAt = start + 5 * second
    const long = observed({
      lease: { ...lease, validUntil },
      serviceAccount: { ...serviceAccount, validUntil, createdAt },
      bindings: [{ ...binding, validUntil, createdAt }],
    })
    assert.deepEqual(judge(long), { state: 'live', endsAt: start + 24 * hour })
  })

  const hands: readonly [string, Partial<Observed>][] = [
    ['a binding that says a later end', { bindings: [{ ...binding, validUntil: start + 9 * hour }] }],
    ['a binding that says an earlier end', { bindings: [{ ...binding, validUntil: start + hour }] }],
    ['a ServiceAccount that says a later end', { serviceAccount: { ...serviceAccount, validUntil: start + 9 * hour } }],
    ['a ServiceAccount that says no end', { serviceAccount: withoutEnd(serviceAccount) }],
    ['a ServiceAccount with another UID', { serviceAccount: { ...serviceAccount, uid: 'other' } }],
    ['a ServiceAccount of another session', { serviceAccount: { ...serviceAccount, session: 'other' } }],
    ['a ServiceAccount that lost our labels', { serviceAccount: { ...serviceAccount, ours: false } }],
    ['a ServiceAccount with a finalizer', { serviceAccount: { ...serviceAccount, finalizers: ['x/y'] } }],
    ['a ServiceAccount with an owner', { serviceAccount: { ...serviceAccount, owned: true } }],
    ['a ServiceAccount of another person', { serviceAccount: { ...serviceAccount, userId: '8' } }],
    ['a ServiceAccount that is being deleted', { serviceAccount: { ...serviceAccount, deleting: true } }],
    ['a binding beside its own', { bindings: [binding, { ...binding, name: 'evil', uid: 'e' }] }],
    ['a binding of another role under its own name', { bindings: [{ ...binding, role: 'cluster-admin' }] }],
    ['a binding that serves others too', { bindings: [{ ...binding, serviceAccounts: [lease.name, 'tka-user-bob'] }] }],
  ]
  for (const [what, change] of hands) {
    it(`has come, with an alarm, where somebody left ${what}`, () => {
      const verdict = judge(observed(change))
      assert.equal(verdict.state, 'past-due')
      assert.equal('reason' in verdict && verdict.reason, 'disagreement')
      assert.ok('alarm' in verdict && verdict.alarm)
    })
  }

  it('has come, with an alarm, when its ServiceAccount is gone', () => {
    const { serviceAccount: _, ...gone } = observed()
    assert.equal(judge(gone).state, 'past-due')
  })

  it('has come for objects without a Lease', () => {
    const { lease: _, ...orphans } = observed()
    assert.deepEqual(judge(orphans), { state: 'past-due', reason: 'orphaned' })
  })

  it('has come for a login that nobody waits for any more', () => {
    const { serviceAccountUid: _, ...rest } = lease
    const provisioning = { ...rest, phase: 'provisioning' as const, requestExpiresAt: start + 25 * second }
    assert.deepEqual(judge(observed({ lease: provisioning }), start + 24 * second), {
      state: 'provisioning',
      endsAt: start + 25 * second,
    })
    assert.deepEqual(judge(observed({ lease: provisioning }), start + 25 * second), {
      state: 'past-due',
      reason: 'incomplete',
    })
  })
})

describe('an extension that is under way', () => {
  const extension = {
    request: 'r2',
    node: 'node-1',
    validUntil: start + 10 * hour,
    requestExpiresAt: start + 2 * minute,
  }
  const extended = { ...lease, extension }

  it('is no disagreement, and does not count before the Lease says so', () => {
    const half = observed({ lease: extended, bindings: [{ ...binding, validUntil: extension.validUntil }] })
    assert.deepEqual(judge(half), { state: 'live', endsAt: lease.validUntil })
  })

  it('is taken back when nobody waits for it any more', () => {
    assert.equal(judge(observed({ lease: extended }), start + 2 * minute).state, 'extension-overdue')
  })
})

function withoutEnd({ validUntil: _, ...rest }: ObservedServiceAccount): ObservedServiceAccount {
  return rest
}
