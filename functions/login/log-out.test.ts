import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProblemBody, readBody, SessionBody } from './testing/read-body.ts'
import { alice, createTrialLogin, view } from './testing/trial-login.ts'
import { deny, provision } from './testing/trial-provisioner.ts'
import { liveRecord } from './testing/trial-sessions.ts'

const logout = 'dev.tka.logout.requested.v1'
const end = (agoMs: number) =>
  ({
    phase: 'ended',
    endedAt: Date.now() - agoMs,
    endReason: 'expired',
    validUntil: Date.now() - agoMs,
  }) as const

describe('POST /logout', () => {
  it('answers 200 with what is over once access is gone, and the kubeconfig is 401 from then on', async () => {
    const trial = createTrialLogin()
    const { until } = await readBody(await trial.request('POST', '~/login'), SessionBody)
    const response = await trial.request('POST', '~/logout')
    assert.equal(response.status, 200)
    const { message, ...session } = await readBody(response, SessionBody)
    assert.deepEqual(session, { username: 'tka-user-alice', role: 'view', until })
    assert.match(message ?? '', /on every device/)
    assert.equal(trial.sessions.index.get('tka-user-alice')?.phase, 'ended')
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 401)
    assert.equal((await trial.request('GET', '~/login')).status, 401)
  })

  it('needs identity only: it works without a rule, which then is not told the role', async () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ node: 'another-node' }))
    const response = await trial.request('POST', '~/logout', alice())
    assert.equal(response.status, 200)
    assert.equal((await readBody(response, SessionBody)).role, '')
  })

  it('answers 404 to whoever is not signed in, and asks nobody', async () => {
    const trial = createTrialLogin()
    assert.equal((await trial.request('POST', '~/logout')).status, 404)
    assert.deepEqual(trial.sent, [])
  })

  it('answers 200 for ten minutes after the end, and 404 from then on', async () => {
    for (const [agoMs, status] of [
      [599_000, 200],
      [601_000, 404],
    ] as const) {
      const trial = createTrialLogin()
      const { phase: _, ...terms } = liveRecord()
      trial.sessions.put({ ...terms, ...end(agoMs) })
      assert.equal((await trial.request('POST', '~/logout')).status, status)
    }
  })

  it('answers 200 for the end of what a person had before a login that failed', async () => {
    const trial = createTrialLogin({
      broker: async (event, { sessions }) => (event.type === logout ? provision(event, sessions) : undefined),
    })
    trial.sessions.put(liveRecord())
    assert.equal((await trial.request('POST', '~/login')).status, 503)
    assert.equal(trial.sessions.index.get('tka-user-alice')?.phase, 'ended')
    assert.equal((await trial.request('POST', '~/logout')).status, 200)
  })

  for (const [what, confirmed, status] of [
    ['200 once that is confirmed', true, 200],
    ['503 if it is not', false, 503],
  ] as const) {
    it(`ends what the person may have while the watch of the Leases is broken, and answers ${what}`, async () => {
      const trial = createTrialLogin({
        broker: async (event, { sessions }) => (confirmed ? provision(event, sessions) : undefined),
      })
      trial.sessions.current = false
      const response = await trial.request('POST', '~/logout')
      assert.equal(response.status, status)
      assert.equal(trial.sentOf(logout).length, 1)
      if (confirmed) assert.equal((await readBody(response, SessionBody)).role, '')
      else assert.match((await readBody(response, ProblemBody)).message, /may still have access/)
    })
  }

  it('does not let one person log out another who had the same login before', async () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ userId: '8' }))
    assert.equal((await trial.request('POST', '~/logout')).status, 404)
    assert.deepEqual(trial.sent, [])
  })

  it('overtakes a login that is still under way', async () => {
    const trial = createTrialLogin({
      holdMs: 1_000,
      broker: async (event, { sessions }) => (event.type === logout ? provision(event, sessions) : undefined),
    })
    const login = trial.request('POST', '~/login')
    while (trial.sent.length === 0) await new Promise(resolve => setImmediate(resolve))
    assert.equal((await trial.request('POST', '~/logout')).status, 200)
    const [wish, end] = trial.sent
    assert.ok(wish && end && end.sequence > wish.sequence)
    assert.equal((await login).status, 503)
  })

  for (const [code, status] of [
    ['unavailable', 503],
    ['superseded', 409],
  ] as const) {
    it(`answers ${status} when it is told ${code}`, async () => {
      const trial = createTrialLogin({ broker: async event => deny(event, code) })
      trial.sessions.put(liveRecord())
      const response = await trial.request('POST', '~/logout')
      assert.equal(response.status, status)
      if (status === 503) assert.match((await readBody(response, ProblemBody)).message, /may still have access/)
    })
  }

  it('says plainly that access may remain when nobody answers', async () => {
    const trial = createTrialLogin({ broker: async () => undefined })
    trial.sessions.put(liveRecord())
    const response = await trial.request('POST', '~/logout')
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '1')
    assert.match((await readBody(response, ProblemBody)).message, /may still have access/)
  })

  for (const [what, serviceAccountGone] of [
    ['while the ServiceAccount is there', async () => false],
    ['while the cluster cannot be asked', () => Promise.reject(new Error('no API server'))],
  ] as const) {
    it(`does not take a Lease that says ended for the end of access ${what}`, async () => {
      const trial = createTrialLogin({
        holdMs: 1_800,
        serviceAccountGone,
        broker: async (event, { sessions }) => {
          await provision(event, sessions)
          return undefined
        },
      })
      trial.sessions.put(liveRecord())
      assert.equal((await trial.request('POST', '~/logout')).status, 503)
    })
  }

  it('is confirmed by the cluster where the event got lost: ServiceAccount gone, and no cached token left', async () => {
    const trial = createTrialLogin({
      holdMs: 13_000,
      broker: async (event, { sessions }) => {
        await provision(event, sessions)
        return undefined
      },
    })
    trial.sessions.put(liveRecord())
    const began = performance.now()
    assert.equal((await trial.request('POST', '~/logout', alice(view))).status, 200)
    assert.ok(performance.now() - began >= 10_900)
  })
})
