import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { ProblemBody, readBody, SessionBody } from './testing/read-body.ts'
import { alice, createTrialLogin, type Device, view } from './testing/trial-login.ts'
import { provision } from './testing/trial-provisioner.ts'
import { liveRecord } from './testing/trial-sessions.ts'

const logout = 'dev.tka.logout.requested.v1'

describe('GET /login', () => {
  it('answers 200 with the session, 401 without one', async () => {
    const trial = createTrialLogin()
    assert.equal((await trial.request('GET', '~/login')).status, 401)
    const login = await readBody(await trial.request('POST', '~/login'), SessionBody)
    const response = await trial.request('GET', '~/login')
    assert.equal(response.status, 200)
    assert.deepEqual(await readBody(response, SessionBody), login)
  })

  it('answers 202, Retry-After and a message while the session is being made', async () => {
    const trial = createTrialLogin()
    const { serviceAccountUid: _, ...terms } = liveRecord()
    trial.sessions.put({ ...terms, phase: 'provisioning', requestExpiresAt: Date.now() + 5_000 })
    const response = await trial.request('GET', '~/login')
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('retry-after'), '1')
    const body = await readBody(response, SessionBody)
    assert.ok(body.message)
    assert.equal(body.role, 'view')
  })

  it('answers 401 where nobody waits for the session any more, and past its end', async () => {
    const trial = createTrialLogin()
    const { serviceAccountUid: _, ...terms } = liveRecord()
    trial.sessions.put({ ...terms, phase: 'provisioning', requestExpiresAt: Date.now() - 1 })
    assert.equal((await trial.request('GET', '~/login')).status, 401)
    trial.sessions.put(liveRecord({ validUntil: Date.now() - 1 }))
    assert.equal((await trial.request('GET', '~/login')).status, 401)
  })

  it('needs no rule, but tells the role only to a device whose own rules give it', async () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ node: 'another-node' }))
    const response = await trial.request('GET', '~/login', alice({ role: 'view' }))
    assert.equal(response.status, 200)
    assert.equal((await readBody(response, SessionBody)).role, '')
  })
})

describe('the device that began a session', () => {
  for (const [what, rules, reason] of [
    ['no rule any more', [], 'grant-lost'],
    ['another role now', [{ role: 'edit', period: '1h', namespaces: ['web'] }], 'grant-lowered'],
    ['a shorter period than is left', [{ role: 'view', period: '10m' }], 'grant-lowered'],
  ] as const) {
    it(`ends it with its next request when it has ${what}`, async () => {
      const trial = createTrialLogin()
      await trial.request('POST', '~/login')
      await trial.request('GET', '/', alice(...rules))
      assert.deepEqual(
        trial.sentOf(logout).map(({ data }) => data),
        [{ login: 'alice@example.com', userId: '7', node: 'node-1', reason }],
      )
    })
  }

  it('asks for the end once, however many requests come meanwhile', async () => {
    const release = Promise.withResolvers<void>()
    const trial = createTrialLogin({
      broker: async (event, { sessions }) => {
        if (event.type === logout) await release.promise
        return provision(event, sessions)
      },
    })
    await trial.request('POST', '~/login')
    for (let round = 0; round < 10; round += 1) await trial.request('GET', '~/kubeconfig', alice())
    assert.equal(trial.sentOf(logout).length, 1)
    release.resolve()
  })

  it('ends it also when the policy changes in the middle of a request', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    const device: Device = { identity: alice(view) }
    let questions = 0
    const changing = {
      get identity() {
        questions += 1
        return questions === 1 ? device.identity : alice()
      },
    }
    const { status } = await trial.request('GET', '~/kubeconfig', changing)
    assert.ok(status === 403 || status === 401, String(status))
    assert.equal(trial.sentOf(logout).length, 1)
  })

  it('keeps it while another device of the person has other rules', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    await trial.request('GET', '/', { ...alice(), node: { id: 'node-2', name: 'phone' } })
    assert.equal(trial.sentOf(logout).length, 0)
  })
})

describe('the rest of the API', () => {
  it('says where the cluster is', async () => {
    const ClusterInfo = v.strictObject({
      server_url: v.literal('https://10.0.0.1:6443'),
      insecure_skip_tls_verify: v.literal(false),
      ca_data: v.pipe(v.string(), v.minLength(20)),
      labels: v.record(v.string(), v.string()),
    })
    await readBody(await createTrialLogin().request('GET', '~/cluster-info'), ClusterInfo)
  })

  it('lists the roles that a person can choose', async () => {
    const person = alice(
      view,
      { role: 'edit', period: '90m', namespaces: ['web'], priority: 1 },
      { role: 'no', period: '1h' },
    )
    const response = await createTrialLogin().request('GET', '~/roles', person)
    assert.deepEqual(await response.json(), {
      roles: [
        { role: 'edit', period: '1h30m', namespaces: ['web'] },
        { role: 'view', period: '1h' },
      ],
    })
    assert.deepEqual(await (await createTrialLogin().request('GET', '~/roles', alice())).json(), { roles: [] })
  })

  it('says who you are', async () => {
    const response = await createTrialLogin().request('GET', '/', alice())
    assert.equal(response.status, 200)
    assert.match(await response.text(), /alice@example\.com/)
  })
})

describe('every answer', () => {
  const strangers: readonly (readonly [TailnetIdentity, number])[] = [
    [{ kind: 'funnel' }, 403],
    [{ kind: 'unknown' }, 403],
    [{ kind: 'whois-failed' }, 503],
    [{ kind: 'tagged' }, 400],
  ]
  const routes = [
    ['GET', '/'],
    ['POST', '~/login'],
    ['GET', '~/login'],
    ['POST', '~/logout'],
    ['GET', '~/kubeconfig'],
    ['GET', '~/cluster-info'],
    ['GET', '~/roles'],
    ['GET', '/nowhere'],
  ] as const
  for (const [method, path] of routes) {
    for (const [identity, status] of strangers) {
      it(`${method} ${path} is ${status} for ${identity.kind}`, async () => {
        const trial = createTrialLogin()
        trial.sessions.put(liveRecord())
        assert.equal((await trial.request(method, path, identity)).status, status)
        assert.deepEqual(trial.sent, [])
      })
    }

    it(`${method} ${path} is 403 under a name that is not ours`, async () => {
      const trial = createTrialLogin()
      trial.sessions.put(liveRecord())
      assert.equal((await trial.request(method, path, undefined, { host: 'evil.example' })).status, 403)
      assert.deepEqual(trial.sent, [])
    })
  }

  for (const path of ['~/login', '~/logout']) {
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'content-type': 'text/plain' },
    ]) {
      it(`POST ${path} is 403 with ${JSON.stringify(headers)}`, async () => {
        const trial = createTrialLogin()
        trial.sessions.put(liveRecord())
        assert.equal((await trial.request('POST', path, undefined, headers)).status, 403)
        assert.deepEqual(trial.sent, [])
      })
    }
  }

  it('is 429 for whoever asks too often, also for what does not exist, while others are served', async () => {
    const trial = createTrialLogin({ config: { login: { limits: { perPerson: { perSecond: 0.1, burst: 10 } } } } })
    const phone = { ...alice(view), node: { id: 'node-2', name: 'phone.tail1.ts.net' } }
    assert.equal((await trial.request('POST', '~/login')).status, 202)
    for (let i = 0; i < 9; i += 1) await trial.request('GET', '/nowhere')
    for (const from of [alice(view), phone]) {
      for (const [method, path] of routes.filter(([, route]) => route !== '~/logout')) {
        const response = await trial.request(method, path, from)
        assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '10'], `${method} ${path}`)
        const { message, advice } = await readBody(response, ProblemBody)
        assert.match(message, /too many requests: 0\.1 a second from one person/)
        assert.doesNotMatch(`${message}${advice.join()}`, /401|403/)
      }
    }
    const bob = { ...alice(view), login: 'bob@example.com', userId: '8', node: { id: 'node-3', name: 'bobs' } }
    assert.equal((await trial.request('POST', '~/login', bob)).status, 202)
    assert.equal((await trial.request('POST', '~/logout', phone)).status, 200)
  })

  it('counts nobody whom it does not serve', async () => {
    const trial = createTrialLogin({ config: { login: { limits: { perPerson: { perSecond: 0.1, burst: 10 } } } } })
    for (let i = 0; i < 15; i += 1) {
      assert.equal((await trial.request('GET', '~/roles', { kind: 'tagged' })).status, 400)
      assert.equal((await trial.request('GET', '~/roles', undefined, { host: 'evil.example' })).status, 403)
    }
    assert.equal((await trial.request('GET', '~/roles')).status, 200)
  })

  it('is a problem that the client prints, for a wrong path and a wrong method too', async () => {
    const trial = createTrialLogin()
    for (const [method, path, status] of [
      ['GET', '/nowhere', 404],
      ['GET', '~/nowhere', 404],
      ['POST', '/health/readiness', 404],
      ['GET', '/health/liveness', 404],
      ['GET', '/metrics', 404],
      ['POST', '/', 405],
      ['DELETE', '~/login', 405],
      ['GET', '~/logout', 405],
      ['POST', '~/kubeconfig', 405],
    ] as const) {
      const response = await trial.request(method, path)
      assert.equal(response.status, status, `${method} ${path}`)
      await readBody(response, ProblemBody)
      assert.equal(response.headers.has('allow'), status === 405)
    }
  })

  it('is RFC 9457 where that is asked for', async () => {
    const headers = { accept: 'application/problem+json' }
    const response = await createTrialLogin().request('GET', '/nowhere', undefined, headers)
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
    const { type, status, title, message } = await readBody(response, ProblemBody)
    assert.deepEqual([type, status, title], ['urn:tka:problem:not-found', 404, 'There is nothing here'])
    assert.ok(message)
  })

  it('is 413 for a body that nobody needs', async () => {
    const trial = createTrialLogin()
    const headers = { 'content-type': 'application/json' }
    const send = (bytes: number) => trial.request('POST', '~/login', undefined, headers, 'x'.repeat(bytes))
    assert.equal((await send(16 * 1024 + 1)).status, 413)
    assert.deepEqual(trial.sent, [])
    assert.equal((await send(16 * 1024)).status, 202)
  })

  it('keeps caches and other sites away', async () => {
    const trial = createTrialLogin()
    for (const [method, path] of routes) {
      const { headers } = await trial.request(method, path)
      assert.equal(headers.get('cache-control'), 'no-store', path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path)
      assert.equal(headers.get('referrer-policy'), 'same-origin', path)
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', path)
      assert.equal(headers.get('access-control-allow-origin'), null, path)
    }
  })

  it('is told to the log, refused or not, without the person', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login?role=view', undefined, { 'x-request-id': 'mine' })
    await trial.request('GET', '/nowhere', { kind: 'funnel' })
    const [login, refused] = trial.answers
    assert.ok(login && login.tookMs >= 0)
    const path = '/api/v1alpha1/login'
    assert.deepEqual({ ...login, tookMs: 0 }, { method: 'POST', path, status: 202, tookMs: 0, requestId: 'mine' })
    assert.equal(refused?.status, 403)
  })

  it('says nothing of a bug but that there is one, and the log has it', async () => {
    const trial = createTrialLogin()
    const broken: Device = {
      get identity(): TailnetIdentity {
        throw new Error('leases.coordination.k8s.io is forbidden')
      },
    }
    const response = await trial.request('GET', '/', broken)
    assert.equal(response.status, 500)
    assert.doesNotMatch(await response.text(), /lease|forbidden|at /)
    assert.deepEqual(trial.complaints, ['Error: leases.coordination.k8s.io is forbidden'])
  })
})
