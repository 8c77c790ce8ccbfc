import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { ProblemBody, readBody, SessionBody } from './testing/read-body.ts'
import { alice, createTrialLogin, type Device, view } from './testing/trial-login.ts'
import { deny, grant, provision } from './testing/trial-provisioner.ts'
import { liveRecord } from './testing/trial-sessions.ts'

const requested = 'dev.tka.session.requested.v1'
const logout = 'dev.tka.logout.requested.v1'

describe('POST /login', () => {
  it('answers 202 with name, role and end once the session is usable', async () => {
    const trial = createTrialLogin()
    const response = await trial.request('POST', '~/login')
    assert.equal(response.status, 202)
    const body = await readBody(response, SessionBody)
    assert.deepEqual(Object.keys(body), ['username', 'role', 'until'])
    assert.equal(body.username, 'tka-user-alice')
    assert.equal(body.role, 'view')
    assert.match(body.until, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.ok(Math.abs(Date.parse(body.until) - Date.now() - 3_600_000) < 2_000)
  })

  it('asks with everything that the provisioner checks, for no longer than it holds the person', async () => {
    const trial = createTrialLogin({ holdMs: 3_000 })
    const rule = { role: 'edit', period: '2h', namespaces: ['web', 'db'] }
    await trial.request('POST', '~/login', alice(rule))
    const [event] = trial.sentOf(requested)
    assert.ok(event)
    const { key, ...data } = event.data
    assert.deepEqual(data, {
      login: 'alice@example.com',
      userId: '7',
      node: 'node-1',
      nodeName: 'laptop.tail1.ts.net',
      role: 'edit',
      namespaces: ['db', 'web'],
      period: 7_200,
    })
    assert.equal(key.crv, 'X25519')
    assert.equal(event.subject, 'tka-user-alice')
    assert.equal(event.source, '/tka/lab/login')
    const life = Date.parse(event.expirytime) - Date.parse(event.time)
    assert.ok(life >= 2_000 && life <= 3_000 + 1_000, String(life))
  })

  it('takes the rule of the chosen role', async () => {
    const trial = createTrialLogin()
    const person = alice({ ...view, priority: 5 }, { role: 'edit', period: '1h', namespaces: ['web'] })
    const response = await trial.request('POST', '~/login?role=edit', person)
    assert.equal((await readBody(response, SessionBody)).role, 'edit')
    assert.equal((await trial.request('POST', '~/login?role=admin', person)).status, 403)
  })

  const refusals: readonly (readonly [string, TailnetIdentity, number, RegExp])[] = [
    ['came through Funnel', { kind: 'funnel' }, 403, /Internet/],
    ['is unknown to the tailnet', { kind: 'unknown' }, 403, /does not know/],
    ['cannot be asked for', { kind: 'whois-failed' }, 503, /could not be asked/],
    ['is a tagged device', { kind: 'tagged' }, 400, /tagged/],
    ['has no rule', alice(), 403, /No rule/],
    ['has rules that tie', alice(view, { ...view, period: '2h' }), 400, /priority 0/],
    ['has a rule that is no object', alice('view'), 400, /rule 1/],
    ['has a rule that is null', alice(null), 400, /rule 1/],
    ['has a rule without a role', alice({ period: '1h' }), 400, /rule 1: role/],
    ['has an empty role', alice({ ...view, role: '' }), 400, /role/],
    ['has a role that is a number', alice({ ...view, role: 7 }), 400, /role/],
    ['has a rule without a period', alice({ role: 'view' }), 400, /period/],
    ['has a period that is a number', alice({ ...view, period: 3_600 }), 400, /period/],
    ['has a priority that is text', alice({ ...view, priority: '1' }), 400, /priority/],
    ['has a priority that is no integer', alice({ ...view, priority: 0.5 }), 400, /priority/],
    ['has namespaces that are no list', alice({ ...view, namespaces: 'web' }), 400, /namespaces/],
    ['has a broken rule beside a good one', alice(view, { role: 'view' }), 400, /rule 2: period/],
    ['has a period in no grammar', alice({ ...view, period: 'a day' }), 422, /a day/],
    ['has a period that is too short', alice({ ...view, period: '1m' }), 422, /10m/],
    ['has a period that is too long', alice({ ...view, period: '9h' }), 422, /8h/],
    ['has a role that is not offered', alice({ ...view, role: 'root' }), 403, /root/],
    ['names a protected namespace', alice({ role: 'edit', period: '1h', namespaces: ['tka'] }), 403, /tka/],
  ]
  for (const [what, identity, status, says] of refusals) {
    it(`answers ${status} to whoever ${what}, and asks nobody`, async () => {
      const trial = createTrialLogin()
      const response = await trial.request('POST', '~/login', identity)
      assert.equal(response.status, status)
      const { message } = await readBody(response, ProblemBody)
      assert.match(message, says)
      assert.equal(response.headers.has('retry-after'), status === 503)
      assert.deepEqual(trial.sent, [])
    })
  }

  it('answers 503 when nobody answers, and asks for the end of whatever may have come of it', async () => {
    const trial = createTrialLogin({ broker: async () => undefined })
    const response = await trial.request('POST', '~/login')
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '1')
    assert.doesNotMatch(await response.text(), /401|403/)
    const [wish] = trial.sentOf(requested)
    const [end] = trial.sentOf(logout)
    assert.ok(wish && end && end.sequence > wish.sequence, 'a later wish')
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 503, 'not 401: the client would give up')
  })

  it('sends the same event again while the broker does not take it, until the hold ends', async () => {
    const trial = createTrialLogin({
      broker: async () => {
        throw new Error('connection refused')
      },
    })
    const response = await trial.request('POST', '~/login')
    assert.equal(response.status, 503)
    const ids = trial.sentOf(requested).map(({ id }) => id)
    assert.ok(ids.length >= 2, `${ids.length} attempts`)
    assert.equal(new Set(ids).size, 1)
  })

  it('answers 202 when the first attempts were lost', async () => {
    let attempts = 0
    const trial = createTrialLogin({
      holdMs: 3_000,
      broker: async (event, { sessions }) => {
        attempts += 1
        if (attempts < 3) throw new Error('503')
        return provision(event, sessions)
      },
    })
    assert.equal((await trial.request('POST', '~/login')).status, 202)
    assert.equal(attempts, 3)
  })

  it('is answered by the Lease where the event got lost, and fetches the token then', async () => {
    const trial = createTrialLogin({
      holdMs: 5_000,
      broker: async (event, { sessions }) => {
        const answer = await provision(event, sessions)
        return event.type === requested ? undefined : answer
      },
    })
    const began = performance.now()
    assert.equal((await trial.request('POST', '~/login')).status, 202)
    const took = performance.now() - began
    assert.ok(took > 900 && took < 3_000, `${took} ms`)
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
    assert.equal(trial.sentOf('dev.tka.credential.requested.v1').length, 1)
  })

  for (const [code, status] of [
    ['superseded', 409],
    ['role-not-offered', 403],
    ['unavailable', 503],
    ['a-code-of-the-future', 503],
  ] as const) {
    it(`answers ${status} when the provisioner says ${code}`, async () => {
      const trial = createTrialLogin({
        broker: async event => (event.type === requested ? deny(event, code) : undefined),
      })
      const response = await trial.request('POST', '~/login')
      assert.equal(response.status, status)
      assert.equal(trial.sentOf(logout).length, status === 503 ? 1 : 0, 'who is told 503 is left without a session')
    })
  }

  it('is one session for two devices that log in at once, whichever the provisioner sees first', async () => {
    const trial = createTrialLogin({
      holdMs: 2_000,
      broker: async (event, { sessions }) => {
        const known = sessions.index.get(event.subject)
        if (known && known.sequence > event.sequence) return deny(event, 'superseded')
        // The first wish arrives after the second.
        if (known === undefined && trial.sentOf(requested)[0] === event) await sleep(100)
        return sessions.index.get(event.subject) ? deny(event, 'superseded') : provision(event, sessions)
      },
    })
    const phone = { ...alice(view), node: { id: 'node-2', name: 'phone' } }
    const [one, two] = await Promise.all([trial.request('POST', '~/login'), trial.request('POST', '~/login', phone)])
    assert.deepEqual([one.status, two.status], [202, 202])
    assert.deepEqual(await one.json(), await two.json())
  })

  it('makes each wish later than the one before, and than what the Lease shows', async () => {
    const trial = createTrialLogin()
    const ahead = String(Date.now() + 5_000).padStart(16, '0')
    trial.sessions.put(liveRecord({ sequence: ahead }))
    await trial.request('POST', '~/login')
    await trial.request('POST', '~/login')
    const [first, second] = trial.sentOf(requested).map(({ sequence }) => sequence)
    assert.equal(first, String(Number(ahead) + 1).padStart(16, '0'))
    assert.ok(first && second && second > first)
  })

  it('answers 429 to a fifth request of one person that waits, and asks nobody for it', async () => {
    const trial = createTrialLogin({ broker: async () => undefined })
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await trial.request('POST', '~/login')).status),
    )
    assert.deepEqual(statuses.sort(), [429, 503, 503, 503, 503])
    assert.equal(trial.sentOf(requested).length, 4)
    assert.equal(trial.deps.waiters.size, 0)
  })

  const changes: readonly (readonly [string, TailnetIdentity, number, string])[] = [
    ['lost', alice(), 403, 'grant-lost'],
    ['lowered', alice({ role: 'edit', period: '1h', namespaces: ['web'] }), 403, 'grant-lowered'],
    ['moved to a tagged device', { kind: 'tagged' }, 400, 'grant-lost'],
    ['cannot be asked for', { kind: 'whois-failed' }, 503, 'asked'],
  ]
  for (const [what, then, status, reason] of changes) {
    it(`answers ${status} where the grant is ${what} while it holds, and ends what was made`, async () => {
      const device: Device = { identity: alice(view) }
      const trial = createTrialLogin({
        broker: async (event, { sessions }) => {
          const answer = await provision(event, sessions)
          device.identity = then
          return answer
        },
      })
      const response = await trial.request('POST', '~/login', device)
      assert.equal(response.status, status)
      assert.deepEqual(
        trial.sentOf(logout).map(({ data }) => data.reason),
        [reason],
      )
    })
  }

  it('is answered once, by the first of a hundred answers', async () => {
    const trial = createTrialLogin({
      broker: async event => {
        if (event.type !== requested) return undefined
        const answer = await grant(event)
        await Promise.all(Array.from({ length: 100 }, () => trial.deliver(answer)))
        return answer
      },
    })
    assert.equal((await trial.request('POST', '~/login')).status, 202)
    assert.deepEqual(trial.complaints, [])
  })

  const forged: readonly (readonly [string, object])[] = [
    ['another role', { role: 'edit' }],
    ['more namespaces', { namespaces: ['web'] }],
    ['another session than its seal', { session: 'session-2' }],
  ]
  for (const [what, change] of forged) {
    it(`does not take an answer for ${what}`, async () => {
      const trial = createTrialLogin({
        broker: async event => (event.type === requested ? grant(event, change) : undefined),
      })
      assert.equal((await trial.request('POST', '~/login')).status, 503)
      assert.equal(trial.complaints.length, 1)
    })
  }
})
