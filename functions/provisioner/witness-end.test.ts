import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditRecord } from '#io/audit'
import { trialTelemetry } from '#io/testing/trial-function'
import { openTrialScrape, seriesValue } from '#io/testing/trial-scrape'
import { observeSessions } from './observe-sessions.ts'
import { createMemoryCluster } from './testing/memory-cluster.ts'
import { sampleConfig, samplePerson } from './testing/sample-events.ts'
import { startProvisioner } from './testing/start-provisioner.ts'
import { witnessEnd } from './witness-end.ts'

const scrape = openTrialScrape()
const { metrics } = trialTelemetry()

/** A provisioner over a cluster in memory, whose ends are witnessed. */
async function world() {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const now = () => time
  const memory = createMemoryCluster(now)
  const records: AuditRecord[] = []
  const ended = witnessEnd({ audit: record => records.push(record), metrics, now })
  const provisioner = startProvisioner(memory, { now, ended, metrics })
  return {
    ...provisioner,
    view: memory.view,
    alice: await samplePerson('alice', { now }),
    records,
    pass: (ms: number) => (time += ms),
  }
}

describe('the end of a session', () => {
  it('by logout is on record once: whose, from where, which session, and how long it took', async () => {
    const { handle, alice, records } = await world()
    const login = alice.login()
    await handle(login)
    const logout = alice.logout()
    await handle(logout)
    await handle(logout)
    assert.equal(records.length, 1, 'the same event twice ends nothing twice')
    const { revokedInMs, ...record } = records[0] ?? assert.fail('no record')
    assert.deepEqual(record, {
      action: 'session-end',
      decision: 'ended',
      reason: 'logout',
      login: login.data.login,
      userId: login.data.userId,
      node: { id: login.data.node },
      session: { id: login.id, role: 'view', validUntil: '2026-11-23T11:00:00Z' },
    })
    assert.ok(revokedInMs !== undefined && revokedInMs >= 0)
    assert.equal(seriesValue(await scrape(), 'tka_session_revocation_duration_seconds', { reason: 'logout' }), 1)
  })

  it('by expiry shows how late it was', async () => {
    const { handle, recover, alice, records, pass } = await world()
    await handle(alice.login())
    pass(3_600_000 + 2_000)
    await recover()
    assert.deepEqual(
      records.map(({ reason }) => reason),
      ['expired'],
    )
    const lag = (await scrape()).get('tka_session_expiry_lag_seconds')
    assert.equal(lag?.samples.find(({ name }) => name.endsWith('_sum'))?.value, 2)
  })

  it('that nobody had is no end', async () => {
    const { handle, alice, records } = await world()
    await handle(alice.logout())
    assert.deepEqual(records, [])
  })
})

describe('the live sessions', () => {
  it('are shown by role, and roles that are no longer on offer as one', async () => {
    const { handle, alice, view } = await world()
    observeSessions({ view, config: sampleConfig(), metrics, guardDoubt: () => undefined })
    await handle(alice.login())
    const families = await scrape()
    assert.equal(seriesValue(families, 'tka_sessions_live', { role: 'view' }), 1)
    assert.equal(seriesValue(families, 'tka_sessions_live', { role: 'other' }), 0)
    assert.equal(seriesValue(families, 'tka_guard_in_doubt'), 0)
    assert.ok((seriesValue(families, 'tka_phase_duration_seconds', { phase: 'kubernetes' }) ?? 0) > 0)
  })
})
