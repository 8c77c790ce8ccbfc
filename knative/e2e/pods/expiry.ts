import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'

/** What ends a session where no function runs that could know of it. */
export function expiryFromZeroCases(pods: () => PodInstall): void {
  describe('the end of a session, with sweeper and provisioner at zero', () => {
    let stand: Stand
    before(async () => {
      stand = await standOn(pods())
      await stand.stopTicking()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    it('comes with the tick, which starts the sweeper, whose event starts the provisioner', async () => {
      const { functions } = pods().install
      const erik = await stand.join('erik', { rules: [{ role: 'view', period: '5s' }] })
      const login = await erik.login()
      assert.equal(login.status, 202, login.body)
      const kubeconfig = await erik.saveKubeconfig()
      await functions.scale('provisioner', 0)
      await functions.atZero('sweeper')
      await delay(Math.max(0, Date.parse(JSON.parse(login.body).until) + 100 - Date.now()))
      assert.equal((await erik.kubectl(kubeconfig, 'get', 'pods')).code, 0, 'nobody was there to end it')
      await stand.install.tick()
      const subject = stand.serviceAccount('erik')
      const asked = await stand.tap.waitFor(
        event => event.type === 'dev.tka.session.revocation.requested.v1' && event.subject === subject,
      )
      assert.equal(asked.source, `/tka/${stand.install.cluster}/sweeper`)
      await stand.refused(erik, kubeconfig)
      await stand.nothingLeftOf('erik')
      await functions.scale('provisioner', 1)
    })
  })
}
