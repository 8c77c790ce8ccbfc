import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn, standOnChanged } from '../pod-stand.ts'
import { revisions } from '../replace-revisions.ts'
import type { Stand } from '../stand.ts'

/** A configuration that is changed and applied. Its roles stay. */
export function configurationCases(pods: () => PodInstall): void {
  describe('another configuration', () => {
    let stand: Stand
    before(async () => {
      stand = await standOn(pods())
    })
    after(() => stand?.[Symbol.asyncDispose]())

    it('is in force once it is applied, in every function', async () => {
      const vera = await stand.join('vera', { rules: [{ role: 'view', period: '1h' }] })
      const adam = await stand.join('adam', { rules: [{ role: 'admin', namespaces: ['default'], period: '20m' }] })
      assert.equal((await vera.login()).status, 202)
      const kubeconfig = await vera.saveKubeconfig()
      assert.equal((await adam.login()).status, 403, 'the role is not offered')

      await using _changed = await standOnChanged(pods(), {
        roles: [
          { name: 'view', scope: 'cluster', maxPeriod: '30m' },
          { name: 'admin', scope: 'namespaced', maxPeriod: '30m' },
        ],
      })
      await answers(vera, 422)
      await stand.refused(vera, kubeconfig)
      await answers(adam, 202)
      assert.equal((await adam.logout()).status, 200)
    })

    it('replaces no pod when it is applied again', async () => {
      const before = await revisions(pods().install)
      await pods().install.apply()
      assert.deepEqual(await revisions(pods().install), before)
    })
  })
}

/** Until a login is answered so; the new login takes a moment to become the tailnet node. */
async function answers(person: Person, expected: number): Promise<void> {
  await waitUntil(`a login to be answered ${expected}`, async () => {
    const { status, body } = await person.login()
    return status === expected || `${status} ${body}`
  })
}
