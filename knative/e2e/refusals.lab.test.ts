import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { funnelHelperEnv, throughFunnel } from '../lab/through-funnel.ts'
import { refusalCases } from './cases/refusals.ts'
import { type LabStand, openLabStand } from './lab-stand.ts'

refusalCases(openLabStand)

describe('ways in that are none', () => {
  let stand: LabStand
  before(async () => {
    stand = await openLabStand({ imageEnv: await funnelHelperEnv() })
  })
  after(() => stand?.[Symbol.asyncDispose]())

  it('refuses whoever comes through Funnel, which is the Internet, whatever headers they bring', async () => {
    const { status, body } = await throughFunnel(stand.install, 'POST', '/api/v1alpha1/login', {
      'tailscale-user-login': 'alice@example.com',
      'x-forwarded-for': '100.64.0.1',
    })
    assert.equal(status, 403, body)
    assert.deepEqual(await stand.objectsOf(''), [])
  })

  it('answers no event, metric or health on the tailnet, and no API on the cluster port', async () => {
    const mia = await stand.join('mia', { rules: [{ role: 'view', period: '8h' }] })
    for (const path of ['/health/liveness', '/health/readiness', '/metrics']) {
      const answer = await mia.laptop.request(`http://${stand.install.hostname}${path}`)
      assert.equal(answer.status, 404, path)
    }
    const port = stand.install.shadow.port('login')
    for (const path of ['/', '/api/v1alpha1/login', '/api/v1alpha1/kubeconfig']) {
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) })
      assert.ok(status === 404 || status === 405, `${path}: ${status}`)
    }
  })
})
