import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { KubeconfigBody, readBody, tokenOf } from './testing/read-body.ts'
import { alice, createTrialLogin, type Device, view } from './testing/trial-login.ts'
import { deny, grant, provision } from './testing/trial-provisioner.ts'
import { liveRecord } from './testing/trial-sessions.ts'

const credential = 'dev.tka.credential.requested.v1'
const other = { ...alice(view), node: { id: 'node-2', name: 'phone' } }

describe('GET /kubeconfig', () => {
  it('gives the token that came with the login, once; then asks for another', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    const first = await tokenOf(await trial.request('GET', '~/kubeconfig'))
    assert.equal(trial.sentOf(credential).length, 0)
    const second = await tokenOf(await trial.request('GET', '~/kubeconfig'))
    const [asked] = trial.sentOf(credential)
    assert.ok(asked)
    const login = trial.sent[0]
    assert.equal(first, `token of ${login?.id}`)
    assert.equal(second, `token of ${asked.id}`)
    assert.equal(asked.data.session, login?.id)
  })

  it('is maps by name for the published client, which sends no Accept', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    const response = await trial.request('GET', '~/kubeconfig')
    assert.equal(response.headers.get('content-type'), 'application/json')
    const config = await readBody(response, KubeconfigBody)
    assert.equal(config.clusters.lab?.server, 'https://10.0.0.1:6443')
    assert.equal(config['current-context'], 'tka-context-alice')
  })

  for (const accept of ['application/yaml', 'text/yaml', 'application/x-yaml', 'application/json;q=0.1, text/yaml']) {
    it(`is lists for kubectl with Accept: ${accept}`, async () => {
      const trial = createTrialLogin()
      await trial.request('POST', '~/login')
      const response = await trial.request('GET', '~/kubeconfig', undefined, { accept })
      assert.match(response.headers.get('content-type') ?? '', /yaml$/)
      const config = parse(await response.text())
      assert.equal(config.users[0].name, 'tka-user-alice')
      assert.equal(config.clusters[0].cluster.server, 'https://10.0.0.1:6443')
    })
  }

  it('answers 406 where none of its forms is accepted, and keeps the token', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    assert.equal((await trial.request('GET', '~/kubeconfig', undefined, { accept: 'text/html' })).status, 406)
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
    assert.equal(trial.sentOf(credential).length, 0)
  })

  it("gives another device of the person a token of its own, never the first one's", async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    const token = await tokenOf(await trial.request('GET', '~/kubeconfig', other))
    const [asked] = trial.sentOf(credential)
    assert.equal(token, `token of ${asked?.id}`)
    assert.equal(asked?.data.node, 'node-2')
  })

  it("answers 403 to a device whose own rules do not give the session's, and changes nothing", async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    const sent = trial.sent.length
    for (const rules of [[], [{ role: 'edit', period: '1h', namespaces: ['web'] }], [{ role: 'view' }]]) {
      const response = await trial.request('GET', '~/kubeconfig', { ...other, capabilities: rules })
      assert.equal(response.status, 403, JSON.stringify(rules))
    }
    assert.equal(trial.sent.length, sent)
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
  })

  it('answers 401 to whoever is not signed in', async () => {
    assert.equal((await createTrialLogin().request('GET', '~/kubeconfig')).status, 401)
  })

  it('answers 401 past the end, swept or not', async () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ validUntil: Date.now() - 1 }))
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 401)
    assert.deepEqual(trial.sent, [])
  })

  it('answers 401 to another person of the same login', async () => {
    const trial = createTrialLogin()
    trial.sessions.put(liveRecord({ userId: '8' }))
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 401)
  })

  it('answers 202 while the session is being made, as a text that keeps the client asking', async () => {
    const trial = createTrialLogin({ broker: async () => undefined })
    const login = trial.request('POST', '~/login')
    while (trial.sent.length === 0) await new Promise(resolve => setImmediate(resolve))
    const response = await trial.request('GET', '~/kubeconfig')
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('retry-after'), '1')
    const text = await response.text()
    assert.ok(JSON.parse(text).message.length > 0)
    assert.doesNotMatch(text, /401|403/)
    await login
  })

  it('answers 202, never 401, while an overtaken login waits for what the later one makes', async () => {
    const denied = Promise.withResolvers<void>()
    const trial = createTrialLogin({
      holdMs: 2_000,
      broker: async event => {
        setImmediate(denied.resolve)
        return deny(event, 'superseded')
      },
    })
    const login = trial.request('POST', '~/login')
    await denied.promise
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 202)
    trial.sessions.put(liveRecord({ sequence: '9'.repeat(16) }))
    assert.equal((await login).status, 202)
  })

  it('answers 200 right after the 202 of the login, even if the watch of the Leases is behind', async () => {
    const trial = createTrialLogin({
      broker: async event => (event.type === 'dev.tka.session.requested.v1' ? grant(event) : undefined),
    })
    const { phase: _, ...terms } = liveRecord()
    trial.sessions.put({ ...terms, phase: 'ended', endedAt: Date.now(), endReason: 'logout' })
    assert.equal((await trial.request('POST', '~/login')).status, 202)
    assert.equal((await trial.request('GET', '~/login')).status, 200)
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
  })

  for (const [what, answer, status] of [
    ['nobody answers', undefined, 503],
    ['the provisioner cannot', 'unavailable', 503],
    ['the provisioner is still at it', 'still-provisioning', 202],
    ['the session is over', 'not-signed-in', 401],
  ] as const) {
    it(`answers ${status} when ${what}, and leaves the session alone`, async () => {
      const trial = createTrialLogin({
        broker: async event => (answer === undefined ? undefined : deny(event, answer)),
      })
      trial.sessions.put(liveRecord())
      const response = await trial.request('GET', '~/kubeconfig')
      assert.equal(response.status, status)
      assert.equal(response.headers.has('retry-after'), status !== 401)
      assert.equal(trial.sentOf('dev.tka.logout.requested.v1').length, 0)
    })
  }

  it('is not asked for by another site’s page, which uses up nothing of the person’s', async () => {
    const trial = createTrialLogin({ config: { login: { limits: { perPerson: { perSecond: 0.1, burst: 10 } } } } })
    await trial.request('POST', '~/login')
    for (let round = 0; round < 12; round += 1) {
      const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': round % 2 ? 'image' : 'document' }
      assert.equal((await trial.request('GET', '~/kubeconfig', undefined, foreign)).status, 403)
    }
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
    assert.equal(trial.sentOf(credential).length, 0, 'the token that came with the login was still there')
  })

  it('answers 503 and not 401 while the watch of the Leases is broken: there may be a session that it does not show', async () => {
    const trial = createTrialLogin({ broker: async event => deny(event, 'not-signed-in') })
    trial.sessions.current = false
    for (const path of ['~/kubeconfig', '~/login']) {
      const response = await trial.request('GET', path)
      assert.equal(response.status, 503, path)
      assert.equal(response.headers.get('retry-after'), '1')
    }
    trial.sessions.put(liveRecord())
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 503, 'the session that it showed is over')
    assert.equal(trial.sentOf(credential).length, 1)
  })

  it('asks again with the same event where the answer went to another pod', async () => {
    let answers = 0
    const trial = createTrialLogin({
      holdMs: 8_000,
      broker: async (event, { sessions }) => {
        answers += 1
        return answers === 1 ? undefined : provision(event, sessions)
      },
    })
    trial.sessions.put(liveRecord())
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
    const ids = trial.sentOf(credential).map(({ id }) => id)
    assert.equal(ids.length, 2)
    assert.equal(new Set(ids).size, 1)
  })

  it('answers 202 while another pod takes over', async () => {
    const trial = createTrialLogin({ handingOver: () => true })
    trial.sessions.put(liveRecord())
    const response = await trial.request('GET', '~/kubeconfig')
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('retry-after'), '1')
  })

  it('gives no token to whoever lost the grant while it waited', async () => {
    const device: Device = { identity: other }
    const trial = createTrialLogin({
      broker: async (event, { sessions }) => {
        const answer = await provision(event, sessions)
        device.identity = { ...other, capabilities: [] }
        return answer
      },
    })
    trial.sessions.put(liveRecord())
    assert.equal((await trial.request('GET', '~/kubeconfig', device)).status, 403)
  })
})
