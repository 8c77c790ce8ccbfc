import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { functionNames } from '#events'
import { dialBrokers } from '../../cluster/knative/dial-brokers.ts'
import { type Api, openApi } from '../../kube/api.ts'
import { postEvent } from '../../lab/post-event.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'

const sweepRequested = 'dev.tka.sweep.requested.v1'
const isSweep = ({ type }: { readonly type: string }) => type === sweepRequested
/** The clock's Job comes within a minute, and its pod is done soon after. */
const minuteMs = 90_000

const Addressed = v.object({ status: v.object({ address: v.object({ url: v.string(), audience: v.string() }) }) })
const Jobs = v.object({
  items: v.array(
    v.object({
      metadata: v.object({
        name: v.string(),
        ownerReferences: v.optional(v.array(v.object({ kind: v.string(), name: v.string() })), []),
      }),
      status: v.object({ succeeded: v.optional(v.number(), 0) }),
    }),
  ),
})
const JobPods = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ labels: v.record(v.string(), v.string()) }),
      spec: v.object({
        containers: v.tuple([
          v.object({ env: v.array(v.object({ name: v.string(), value: v.optional(v.string()) })) }),
        ]),
      }),
    }),
  ),
})

/** The minute's tick from its own pod, to a Broker that asks who sends. */
export function tickCases(pods: () => PodInstall): void {
  describe('the tick', () => {
    let stand: Stand
    let api: Api
    let url: string
    let audience: string
    const system = ['-n', 'tka-system'] as const

    before(async () => {
      stand = await standOn(pods())
      api = await openApi(pods().cluster.kubeconfig)
      const broker = await stand.install.kubectl('get', 'broker', 'tka', ...system, '-o', 'json')
      ;({ url, audience } = v.parse(Addressed, JSON.parse(broker)).status.address)
    })
    after(async () => {
      api?.[Symbol.dispose]()
      await stand?.[Symbol.asyncDispose]()
    })

    const send = async (type: string, token?: string) =>
      postEvent(
        url,
        { type, id: `by-hand-${Date.now()}`, source: '/tka/lab/tick' },
        { dial: await dialBrokers(api), token, timeoutMs: 30_000 },
      )
    const tokenOf = async (name: string, namespace = 'tka-system') =>
      (await stand.install.kubectl('create', 'token', name, '-n', namespace, '--audience', audience)).trim()

    it('is sent each minute by a pod of the CronJob, to the Broker that its SinkBinding names', async () => {
      let done: string | undefined
      await waitUntil(
        "a Job of the clock's to succeed",
        async () => {
          const { items } = v.parse(
            Jobs,
            JSON.parse(await stand.install.kubectl('get', 'jobs', ...system, '-o', 'json')),
          )
          done = items.find(
            ({ metadata, status }) =>
              status.succeeded === 1 &&
              metadata.ownerReferences.some(({ kind, name }) => kind === 'CronJob' && name === 'tick'),
          )?.metadata.name
          return done !== undefined || items.map(({ metadata }) => metadata.name).join(', ')
        },
        { timeoutMs: minuteMs, everyMs: 250 },
      )
      const list = await stand.install.kubectl('get', 'pods', ...system, '-l', `job-name=${done}`, '-o', 'json')
      const [pod, ...more] = v.parse(JobPods, JSON.parse(list)).items
      assert.deepEqual(more, [])
      const env = Object.fromEntries(pod?.spec.containers[0].env.map(({ name, value }) => [name, value]) ?? [])
      assert.equal(env.K_SINK, url)
      // The suspended CronJob leaves the sweeper to the cases that follow.
      await stand.stopTicking()
    })

    it('arrives with the token of its ServiceAccount, signed by nobody', async () => {
      const before = stand.tap.events.filter(isSweep).length
      await stand.install.tick()
      await waitUntil('the hint', async () => stand.tap.events.filter(isSweep).length > before || 'none yet')
      const hint = stand.tap.events.findLast(isSweep)
      assert.equal(hint?.source, `/tka/${stand.install.cluster}/tick`)
      assert.equal(hint?.headers['ce-dssematerial'], undefined)
      assert.equal(hint?.headers.authorization, undefined, 'no subscriber is shown the token')
    })

    it('is taken from its own ServiceAccount', async () => {
      assert.equal(await send(sweepRequested, await tokenOf('tick')), 202)
    })

    it('is taken from nobody who does not say who they are', async () => {
      assert.equal(await send(sweepRequested), 401)
      const elsewhere = (await stand.install.kubectl('create', 'token', 'tick', ...system)).trim()
      assert.equal(await send(sweepRequested, elsewhere), 401, 'a token for the API server')
    })

    it('is taken from no other ServiceAccount, and nothing else from this one', async () => {
      for (const name of [...functionNames, 'keys', 'default'])
        assert.equal(await send(sweepRequested, await tokenOf(name)), 403, name)
      assert.equal(await send(sweepRequested, await tokenOf('default', 'default')), 403, 'of another namespace')
      for (const type of ['dev.tka.session.granted.v1', 'dev.tka.session.revocation.requested.v1'])
        assert.equal(await send(type, await tokenOf('tick')), 403, type)
    })
  })
}
