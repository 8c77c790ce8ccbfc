import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serviceAccountName } from '#core/names'
import { LeaseUnreadable } from '#core/session/lease-codec'
import type { SessionRecord } from '#core/session/session-record'
import { createEvent, sequenceAt, sourceOf } from '#events'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import { trialTelemetry } from '#io/testing/trial-function'
import { handleLogout, type LogoutDeps } from './handle.ts'

const now = Date.parse('2026-11-23T10:00:00Z')
const alice = { login: 'alice@example.com', userId: '4711' }
const subject = 'tka-user-alice'
const sequence = sequenceAt(now)

const terms = {
  name: subject,
  session: 'session-1',
  ...alice,
  node: 'node-1',
  role: 'view',
  bindings: [],
  startedAt: now - 60_000,
  request: 'session-1',
  validUntil: now + 3_600_000,
  sequence: sequenceAt(now - 60_000),
}
const live: SessionRecord = { ...terms, phase: 'live', serviceAccountUid: 'uid-1' }

function logoutOf(fields: { subject?: string; reason?: 'asked' | 'grant-lost' | 'grant-lowered' } = {}) {
  return createEvent('dev.tka.logout.requested.v1', {
    source: sourceOf('lab', 'login'),
    subject: fields.subject ?? subject,
    data: { ...alice, node: 'node-1', reason: fields.reason ?? 'asked' },
    now,
    sequence,
  })
}

function handleWith(getSession: LogoutDeps['getSession'], event = logoutOf()) {
  const handle = handleLogout({
    source: sourceOf('lab', 'logout'),
    nameOf: person => serviceAccountName(person, { install: 'tka', homeDomain: 'example.com' }),
    getSession,
    now: () => now,
  })
  return handle(event, { signal: AbortSignal.timeout(1_000), log: trialTelemetry().log })
}

describe('a logout', () => {
  it('asks for the revocation of the session that the Lease names', async () => {
    const event = logoutOf()
    const revocation = await handleWith(async name => (name === subject ? live : undefined), event)
    assert.equal(revocation.type, 'dev.tka.session.revocation.requested.v1')
    assert.equal(revocation.source, '/tka/lab/logout')
    assert.equal(revocation.subject, subject)
    assert.deepEqual(revocation.data, { request: event.id, session: 'session-1', reason: 'logout' })
  })

  it('carries the wish and the flow of the event that asked', async () => {
    const event = logoutOf()
    const { correlationid, causationid, sequence: carried } = await handleWith(async () => live, event)
    assert.deepEqual([correlationid, causationid, carried], [event.id, event.id, sequence])
  })

  it('ends a session that is still being made', async () => {
    const provisioning: SessionRecord = { ...terms, phase: 'provisioning', requestExpiresAt: now + 25_000 }
    assert.equal((await handleWith(async () => provisioning)).data.session, 'session-1')
  })

  it('says why the session is to end', async () => {
    for (const [asked, reason] of [
      ['asked', 'logout'],
      ['grant-lost', 'grant-lost'],
      ['grant-lowered', 'grant-lowered'],
    ] as const) {
      assert.equal((await handleWith(async () => live, logoutOf({ reason: asked }))).data.reason, reason)
    }
  })

  it('passes on without a session, so that its wish is recorded', async () => {
    const ended: SessionRecord = { ...terms, phase: 'ended', endedAt: now, endReason: 'expired' }
    for (const record of [undefined, ended]) {
      const { data, sequence: carried } = await handleWith(async () => record)
      assert.deepEqual([data.session, data.reason, carried], [undefined, 'logout', sequence])
    }
  })

  it('passes on although a later wish is recorded: the provisioner keeps the order', async () => {
    const newer: SessionRecord = { ...live, sequence: sequenceAt(now + 5_000) }
    assert.equal((await handleWith(async () => newer)).sequence, sequence)
  })

  it('passes on when the Lease cannot be read, since access must go all the same', async () => {
    const { data } = await handleWith(async () => {
      throw new LeaseUnreadable('nonsense')
    })
    assert.deepEqual([data.session, data.reason], [undefined, 'logout'])
  })

  it('is delivered again when Kubernetes does not answer', async () => {
    const down = new KubernetesError('unavailable', 'no answer')
    await assert.rejects(
      handleWith(() => Promise.reject(down)),
      down,
    )
  })

  it('is refused for a subject that is not the name of that login and user id', async () => {
    const getSession = () => assert.fail('looked')
    for (const other of ['tka-user-bob', 'tka-user-alice-aaaaaaaaaa']) {
      await assert.rejects(handleWith(getSession, logoutOf({ subject: other })), {
        reason: 'subject-differs',
        status: 403,
      })
    }
  })
})
