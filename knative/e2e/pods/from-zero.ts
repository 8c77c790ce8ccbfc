import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionName } from '#events'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'
import { whileUndeliverable } from './undeliverable.ts'

const view = { role: 'view', period: '8h' }
/** As the Trigger says: once, and four retries. */
const attempts = 5

/** Functions without a pod, which an event starts. */
export function fromZeroCases(pods: () => PodInstall): void {
  describe('a function at zero', () => {
    let stand: Stand
    before(async () => {
      stand = await standOn(pods())
      await stand.stopTicking()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    const written = async (name: FunctionName, message: string) =>
      (await pods().install.functions.logs(name)).filter(line => JSON.parse(line).message === message)

    it('sweeper: the tick starts it, it sweeps, and it is gone again', async () => {
      await pods().install.functions.atZero('sweeper')
      await stand.install.tick()
      assert.notDeepEqual(await written('sweeper', 'swept'), [])
      await pods().install.functions.atZero('sweeper')
    })

    it('deadletter: what could not be delivered starts it, who waits hears 503 in time, and it is gone again', async () => {
      const sam = await stand.join('sam', { rules: [view] })
      await pods().install.functions.atZero('deadletter')
      await whileUndeliverable(pods(), async types => {
        const started = Date.now()
        const answer = await sam.login()
        assert.equal(answer.status, 503, answer.body)
        assert.ok(Number(answer.headers['retry-after']) >= 1)
        assert.ok(Date.now() - started < 25_000, 'before the wait is over')
        // What undoes the login may come after it.
        assert.equal(types.filter(type => type === 'dev.tka.session.requested.v1').length, attempts)
      })
      const denied = await stand.tap.waitFor(({ type }) => type === 'dev.tka.session.denied.v1')
      assert.equal(denied.source, `/tka/${stand.install.cluster}/deadletter`)
      assert.notDeepEqual(await written('deadletter', 'an event could not be delivered'), [])
      await stand.nothingLeftOf('sam')
      assert.equal((await sam.login()).status, 202, 'and the next login works')
      assert.equal((await sam.logout()).status, 200)
      await pods().install.functions.atZero('deadletter')
    })
  })
}
