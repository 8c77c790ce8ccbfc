import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { OpenStand, Stand } from '../stand.ts'

const short = { role: 'view', period: '5s' }
/** A tick may have to wait that long for the sweeper to look again. */
const sweepIntervalMs = 20_000

/** How a session ends at its second without its person, in every lane. */
export function expiryCases(openStand: OpenStand): void {
  describe('the end of a session that nobody asked for', () => {
    it('layer 1: the provisioner ends it at its second', async () => {
      await using stand = await openStand()
      // Nor may the minute's tick come just then.
      await stand.stopTicking()
      const carol = await stand.join('carol', { rules: [short] })
      const login = await carol.login()
      assert.equal(login.status, 202, login.body)
      const kubeconfig = await carol.saveKubeconfig()
      assert.equal((await carol.kubectl(kubeconfig, 'get', 'pods')).code, 0)
      const ended = await stand.tap.waitFor(({ type }) => type === 'dev.tka.session.ended.v1')
      const data = JSON.parse(Buffer.from(ended.body).toString())
      assert.equal(data.reason, 'expired')
      assert.ok(ended.receivedAt >= Date.parse(JSON.parse(login.body).until), 'not before its second')
      assert.notEqual((await carol.kubectl(kubeconfig, 'get', 'pods')).code, 0)
      assert.deepEqual(await stand.objectsOf('carol'), [])
      assert.equal((await carol.request('GET', '/kubeconfig')).status, 401)
      assert.ok(
        !stand.tap.events.some(({ type }) => type === 'dev.tka.session.revocation.requested.v1'),
        'nobody asked',
      )
    })
  })
}

/** The layers behind it, without it. */
export function lateExpiryCases(openStand: OpenStand): void {
  describe('the end of a session, with the timers of the provisioner switched off', () => {
    let stand: Stand
    before(async () => {
      stand = await openStand({ config: { expiryTimers: false } })
      // Only ticks of the test's own from here on; one that went out before does not matter.
      await stand.stopTicking()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    it('layer 2: the tick, the SinkBinding and the sweeper end it, also a tick that comes right after another', async () => {
      await stand.install.tick()
      const carol = await stand.join('carol', { rules: [short] })
      const login = await carol.login()
      assert.equal(login.status, 202, login.body)
      const kubeconfig = await carol.saveKubeconfig()
      await delay(Math.max(0, Date.parse(JSON.parse(login.body).until) + 100 - Date.now()))
      assert.equal((await carol.kubectl(kubeconfig, 'get', 'pods')).code, 0, 'no timer ended it')
      await stand.install.tick()
      await stand.refused(carol, kubeconfig, { timeoutMs: sweepIntervalMs + 15_000 })
      const sweep = stand.tap.events.find(({ type }) => type === 'dev.tka.sweep.requested.v1')
      assert.ok(sweep !== undefined)
      assert.equal(sweep.headers['ce-dssematerial'], undefined, 'a hint that nobody signs')
      const asked = await stand.tap.waitFor(({ type }) => type === 'dev.tka.session.revocation.requested.v1')
      assert.ok(asked.source.endsWith('/sweeper'))
      await stand.nothingLeftOf('carol')
    })

    it('a provisioner that starts ends what came due while it was away', async () => {
      const dave = await stand.join('dave', { rules: [short] })
      const login = await dave.login()
      assert.equal(login.status, 202, login.body)
      await stand.functions.scale('provisioner', 0)
      await delay(Math.max(0, Date.parse(JSON.parse(login.body).until) + 100 - Date.now()))
      assert.notDeepEqual(await stand.objectsOf('dave'), [])
      await stand.functions.scale('provisioner', 1)
      await stand.nothingLeftOf('dave')
    })
  })
}
