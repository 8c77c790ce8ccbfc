import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { functionNames } from '#events'
import { readPodMemory } from '../../cluster/pod-memory.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'
import { logInOften } from './log-in-often.ts'

const view = { role: 'view', period: '8h' }
const names = ['tara', 'udo', 'vera', 'wim']
const logins = 1_000
/** Of its limit, a function's container may take so much. */
const most = 0.8

const Pods = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ name: v.string() }),
      status: v.object({
        containerStatuses: v.optional(
          v.array(v.object({ name: v.string(), restartCount: v.number(), lastState: v.looseObject({}) })),
          [],
        ),
      }),
    }),
  ),
})

/** What the pods may take, and take. */
export function memoryCases(openPods: () => PodInstall): void {
  describe('the memory of the pods', () => {
    it(`stays well below its limits, also after ${logins} logins`, async t => {
      const pods = openPods()
      const { kubectl, namespaces } = pods.install
      await using stand = await standOn(pods)
      const look = async (when: string) => {
        const memory = await readPodMemory(kubectl, namespaces.system)
        const shares = memory.map(({ name, bytes, limitBytes }) => ({ name, share: bytes / limitBytes }))
        t.diagnostic(`${when}: ${shares.map(({ name, share }) => `${name} ${(share * 100).toFixed(0)} %`).join(', ')}`)
        for (const { name, share } of shares) assert.ok(share < most, `${name}, ${when}: ${share} of its limit`)
        return new Set(shares.map(({ name }) => name))
      }
      const idle = await look('idle')
      const people = await Promise.all(names.map(name => stand.join(name, { rules: [view] })))
      await logInOften(people, logins)
      const after = await look(`after ${logins} logins`)
      for (const name of ['login', 'provisioner', 'logout'] as const) assert.ok(idle.has(name) && after.has(name), name)
    })

    it('lets no container be killed or started again', async () => {
      const { kubectl, namespaces } = openPods().install
      const selector = `serving.knative.dev/service in (${functionNames.join(',')})`
      const list = await kubectl('get', 'pods', '-n', namespaces.system, '-l', selector, '-o', 'json')
      const { items } = v.parse(Pods, JSON.parse(list))
      assert.ok(items.length >= 3)
      for (const { metadata, status } of items) {
        for (const { name, restartCount, lastState } of status.containerStatuses)
          assert.equal(restartCount, 0, `${name} of ${metadata.name}: ${JSON.stringify(lastState)}`)
      }
    })
  })
}
