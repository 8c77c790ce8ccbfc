import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LabStand, openLabStand } from './lab-stand.ts'

const view = { role: 'view', period: '8h' }
const burst = 10

describe('whoever asks too often', () => {
  let stand: LabStand
  before(async () => {
    stand = await openLabStand({ config: { login: { limits: { perPerson: { perSecond: 0.1, burst } } } } })
  })
  after(() => stand?.[Symbol.asyncDispose]())

  it('is told when to come back, while others are served, can log out meanwhile, and is served again then', async () => {
    const [vera, walt] = await Promise.all([
      stand.join('vera', { rules: [view] }),
      stand.join('walt', { rules: [view] }),
    ])
    assert.equal((await vera.login()).status, 202)
    // Nobody's requests over the tailnet are so slow that one more every ten seconds keeps up with them.
    let refused = await vera.request('GET', '/login')
    for (let asked = 1; refused.status === 200 && asked < 10 * burst; asked += 1) {
      refused = await vera.request('GET', '/login')
    }
    const refusedAt = Date.now()
    assert.equal(refused.status, 429, refused.body)
    const waitSeconds = Number(refused.headers['retry-after'])
    assert.ok(waitSeconds >= 1 && waitSeconds <= 10, String(waitSeconds))
    assert.match(JSON.parse(refused.body).message, /too many requests/)

    assert.equal((await walt.login()).status, 202)
    assert.equal((await walt.request('GET', '/kubeconfig')).status, 200)
    assert.equal((await vera.logout()).status, 200)
    await stand.nothingLeftOf('vera')

    await sleep(Math.max(0, refusedAt + waitSeconds * 1_000 - Date.now()))
    const again = await vera.login()
    assert.equal(again.status, 202, again.body)
  })
})
