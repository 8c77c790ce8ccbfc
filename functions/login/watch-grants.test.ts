import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { alice, createTrialLogin, type TrialLogin, view } from './testing/trial-login.ts'
import { grant } from './testing/trial-provisioner.ts'
import { liveRecord } from './testing/trial-sessions.ts'

const signal = new AbortController().signal

/** Looks at alice's session `times` times while the tailnet says so about its node; gives the reasons of the ends asked for. */
async function look(identity: TailnetIdentity, times = 1, record = liveRecord()): Promise<readonly string[]> {
  const trial = createTrialLogin({ whoIsNode: async () => identity, broker: async () => undefined })
  trial.sessions.put(record)
  for (let round = 0; round < times; round += 1) await trial.grants.checkAll(signal)
  return trial.sentOf('dev.tka.logout.requested.v1').map(({ data }) => data.reason)
}

const hour = 3_600_000
const edit = { role: 'edit', period: '1h', namespaces: ['web'] }

/** How many ends were asked for. */
const ends = (trial: TrialLogin) => trial.sentOf('dev.tka.logout.requested.v1').length

/** Alice's session, begun by her laptop under one rule and extended by her phone under another; gives the trial and its Lease. */
function shared(rules: { readonly laptop: unknown; readonly phone: unknown }) {
  const devices: Record<string, TailnetIdentity> = {
    'node-1': alice(rules.laptop),
    'node-2': { ...alice(rules.phone), node: { id: 'node-2', name: 'phone' } },
  }
  const trial = createTrialLogin({
    whoIsNode: async node => devices[node] ?? { kind: 'unknown' },
    broker: async () => undefined,
  })
  const record = liveRecord({ validUntil: Date.now() + 7 * hour, request: 'request-2', extendedBy: 'node-2' })
  trial.sessions.put(record)
  const reasons = () => trial.sentOf('dev.tka.logout.requested.v1').map(({ data }) => data.reason)
  return { trial, devices, reasons }
}

describe('a session that a second device with a longer period extended', () => {
  const long = { role: 'view', period: '8h' }

  it('is not ended for the shorter rule of the device that began it', async () => {
    const { trial, reasons } = shared({ laptop: view, phone: long })
    await trial.grants.checkAll(signal)
    trial.grants.check(alice(view))
    assert.deepEqual(reasons(), [])
  })

  it('ends when the device that began it has no rule any more, or another role', async () => {
    for (const [rule, reason] of [
      [undefined, 'grant-lost'],
      [{ ...edit, period: '8h' }, 'grant-lowered'],
    ] as const) {
      const { trial, devices, reasons } = shared({ laptop: view, phone: long })
      devices['node-1'] = rule ? alice(rule) : alice()
      await trial.grants.checkAll(signal)
      assert.deepEqual(reasons(), [reason])
    }
  })

  it('ends when the device that extended it may have less by now', async () => {
    const byTheMinute = shared({ laptop: view, phone: view })
    await byTheMinute.trial.grants.checkAll(signal)
    assert.deepEqual(byTheMinute.reasons(), ['grant-lowered'])
    const atARequest = shared({ laptop: view, phone: long })
    atARequest.trial.grants.check({ ...alice(view), node: { id: 'node-2', name: 'phone' } })
    assert.deepEqual(atARequest.reasons(), ['grant-lowered'])
  })
})

describe('the watch over grants', () => {
  it('leaves a session whose node still has its rule', async () => {
    assert.deepEqual(await look(alice(view), 3), [])
  })

  it('ends one whose node has no rule, another role, or less time than is left', async () => {
    assert.deepEqual(await look(alice()), ['grant-lost'])
    assert.deepEqual(await look(alice(edit)), ['grant-lowered'])
    assert.deepEqual(await look(alice({ role: 'view', period: '30m' })), ['grant-lowered'])
  })

  it('ends one whose node is tagged now, or somebody else’s', async () => {
    assert.deepEqual(await look({ kind: 'tagged' }), ['grant-lost'])
    assert.deepEqual(await look({ ...alice(view), userId: '8' }), ['grant-lost'])
  })

  it('ends one whose node is gone from the tailnet, at the second look', async () => {
    assert.deepEqual(await look({ kind: 'unknown' }), [])
    assert.deepEqual(await look({ kind: 'unknown' }, 2), ['grant-lost'])
  })

  it('leaves a session when the tailnet cannot be asked', async () => {
    assert.deepEqual(await look({ kind: 'whois-failed' }, 3), [])
  })

  it('leaves to others what is past its end', async () => {
    assert.deepEqual(await look(alice(), 1, liveRecord({ validUntil: Date.now() - 1 })), [])
  })

  it('names the person, the node and the reason, as a wish of its own', async () => {
    const trial = createTrialLogin({ whoIsNode: async () => alice() })
    trial.sessions.put(liveRecord())
    await trial.grants.checkAll(signal)
    const [event] = trial.sentOf('dev.tka.logout.requested.v1')
    assert.deepEqual(event?.data, { login: 'alice@example.com', userId: '7', node: 'node-1', reason: 'grant-lost' })
    assert.equal(event?.subject, 'tka-user-alice')
    assert.ok(event && event.sequence > liveRecord().sequence)
  })

  it('does not end the session that has just begun for the one that the watch still shows', async () => {
    const device = alice(edit)
    const trial = createTrialLogin({
      whoIsNode: async () => device,
      broker: async event => (event.type === 'dev.tka.session.requested.v1' ? grant(event) : undefined),
    })
    trial.sessions.put(liveRecord())
    assert.equal((await trial.request('POST', '~/login', device)).status, 202)
    const before = ends(trial)
    await trial.grants.checkAll(signal)
    trial.grants.check(device)
    assert.equal(ends(trial), before)
  })

  it('leaves a session while a login under way may take its place', async () => {
    const device = alice(edit)
    const trial = createTrialLogin({ whoIsNode: async () => device, broker: async () => undefined })
    trial.sessions.put(liveRecord())
    const login = trial.request('POST', '~/login', device)
    while (!trial.deps.waiters.pendingLogin('tka-user-alice')) await new Promise(resolve => setImmediate(resolve))
    const before = ends(trial)
    await trial.grants.checkAll(signal)
    trial.grants.check(device)
    assert.equal(ends(trial), before)
    assert.equal((await login).status, 503)
    trial.grants.check(device)
    assert.equal(ends(trial), before + 2, 'the login that failed asks for one end, the watch for another')
  })

  it('judges a session as it is once the tailnet has answered, and no other that began meanwhile', async () => {
    const later = { sequence: '0000000000000002', session: 'session-2', request: 'session-2' }
    const { phase: _, serviceAccountUid: __, ...terms } = liveRecord()
    for (const [record, expected] of [
      [liveRecord({ ...later, ...edit }), 0],
      [{ ...terms, phase: 'ended', endedAt: Date.now(), endReason: 'logout' }, 0],
      [liveRecord({ sequence: later.sequence }), 1],
    ] as const) {
      const trial = createTrialLogin({
        broker: async () => undefined,
        whoIsNode: async () => {
          trial.sessions.put(record)
          return alice(edit)
        },
      })
      trial.sessions.put(liveRecord())
      await trial.grants.checkAll(signal)
      assert.equal(ends(trial), expected)
    }
  })

  it('judges the time of a session by the device that gives it by now', async () => {
    const extended = (by: string) => liveRecord({ extendedBy: by, request: by, validUntil: Date.now() + 7 * hour })
    const trial = createTrialLogin({
      broker: async () => undefined,
      whoIsNode: async node => {
        if (node !== 'node-2') return alice({ role: 'view', period: '8h' })
        trial.sessions.put(extended('node-3'))
        return { ...alice(view), node: { id: node, name: 'phone' } }
      },
    })
    trial.sessions.put(extended('node-2'))
    await trial.grants.checkAll(signal)
    assert.equal(ends(trial), 0)
  })

  it('stops with its signal', async () => {
    const stop = new AbortController()
    const running = createTrialLogin().grants.run(stop.signal)
    stop.abort()
    await running
  })
})
