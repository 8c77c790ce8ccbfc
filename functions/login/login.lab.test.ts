import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type LabStand, openLabStand } from '../../knative/e2e/lab-stand.ts'
import { unlimited } from '../../knative/lab/unlimited.ts'
import { waitUntil } from '../../knative/lab/wait-until.ts'

const view = { role: 'view', period: '8h' }

describe('login on a real tailnet', () => {
  let stand: LabStand
  before(async () => {
    stand = await openLabStand({ config: { login: { driftInterval: '1s', limits: unlimited } } })
  })
  after(() => stand?.[Symbol.asyncDispose]())

  /** Stable id and addresses of login's node, as the control server has them. */
  const node = async () => {
    const nodes = await stand.lab.tailnet.nodes()
    const found = nodes.filter(({ hostname }) => hostname === stand.install.hostname)
    return found.map(({ id, ips }) => ({ id, ips }))
  }

  async function restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { shadow } = stand.install
    const starts = shadow.starts('login')
    await shadow.kill('login', signal)
    await waitUntil('another process', async () => shadow.starts('login') > starts || 'the old one')
    await shadow.ready('login')
  }

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`is the same node after ${signal}, and the sessions are still there`, async () => {
      const person = await stand.join(`otto-${signal.toLowerCase()}`, { rules: [view] })
      assert.equal((await person.login()).status, 202)
      const before = await node()
      await restart(signal)
      await waitUntil('back on the tailnet', async () => {
        const { status } = await person.request('GET', '/login')
        return status === 200 || `answered ${status}`
      })
      assert.deepEqual(await node(), before)
      const kubeconfig = await person.saveKubeconfig()
      assert.equal((await person.kubectl(kubeconfig, 'get', 'pods', '-A')).code, 0)
      assert.equal((await person.logout()).status, 200)
    })
  }

  it('ends a session whose rule is gone though its device asks nothing, also one from before a restart', async () => {
    const quinn = await stand.join('quinn', { rules: [view] })
    assert.equal((await quinn.login()).status, 202)
    await restart('SIGTERM')
    await quinn.setRules([])
    await stand.nothingLeftOf('quinn')
    const subject = stand.serviceAccount('quinn')
    const end = await stand.tap.waitFor(seen => seen.type === 'dev.tka.logout.requested.v1' && seen.subject === subject)
    assert.equal(JSON.parse(Buffer.from(end.body).toString()).reason, 'grant-lost')
  })

  it('leaves a session to pick up for a client that went away while it was made', async () => {
    const rosa = await stand.join('rosa', { rules: [view] })
    const subject = stand.serviceAccount('rosa')
    await stand.install.shadow.kill('provisioner', 'SIGSTOP')
    const gone = new AbortController()
    const url = `http://${stand.install.hostname}/api/v1alpha1/login`
    const login = rosa.laptop.request(url, { method: 'POST', signal: gone.signal })
    await waitUntil('the request is under way', async () => {
      const { status } = await rosa.request('GET', '/login')
      return status === 202 || `answered ${status}`
    })
    gone.abort()
    await assert.rejects(login)
    await stand.install.shadow.kill('provisioner', 'SIGCONT')
    await waitUntil('the session can be picked up', async () => {
      const { status } = await rosa.request('GET', '/kubeconfig')
      assert.ok(status === 200 || status === 202, `answered ${status}`)
      return status === 200 || `answered ${status}`
    })
    assert.equal((await rosa.request('GET', '/login')).status, 200)
    const ends = stand.tap.events.filter(
      seen => seen.type === 'dev.tka.logout.requested.v1' && seen.subject === subject,
    )
    assert.deepEqual(ends, [])
  })

  it('decides every request of a kept-alive connection by the policy of the last two seconds', async () => {
    const pia = await stand.join('pia', { rules: [view] })
    const agent = pia.laptop.agent({ keepAlive: true })
    const url = `http://${stand.install.hostname}/api/v1alpha1/roles`
    const roles = async () => (await pia.laptop.request(url, { agent })).body
    assert.match(await roles(), /"view"/)
    await pia.setRules([{ role: 'edit', period: '1h', namespaces: ['default'] }])
    await waitUntil('the new rule decides', async () => /"edit"/.test(await roles()) || 'the old one', {
      timeoutMs: 10_000,
    })
    agent.destroy()
  })

  it('gives every one of many people at once a session of their own', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, (_, i) => stand.join(`crowd-${i}`, { rules: [view] })))
    const logins = await Promise.all(people.map(person => person.login()))
    assert.deepEqual(new Set(logins.map(({ status }) => status)), new Set([202]))
    const configs = await Promise.all(people.map(async person => (await person.request('GET', '/kubeconfig')).body))
    configs.forEach((body, i) => {
      assert.ok(body.includes(`"${stand.serviceAccount(`crowd-${i}`)}"`), body.slice(0, 200))
    })
    const logouts = await Promise.all(people.map(person => person.logout()))
    assert.deepEqual(new Set(logouts.map(({ status }) => status)), new Set([200]))
  })
})
