import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { waitUntil } from '../lab/wait-until.ts'
import { type LabStand, openLabStand } from './lab-stand.ts'

const named = v.object({ name: v.string() })
const Jobs = v.object({
  items: v.array(
    v.object({
      metadata: v.object({
        name: v.string(),
        ownerReferences: v.optional(v.array(v.object({ kind: v.string(), ...named.entries })), []),
      }),
      status: v.object({ succeeded: v.optional(v.number()) }),
    }),
  ),
})
const Pods = v.object({
  items: v.array(
    v.object({
      spec: v.object({
        containers: v.array(v.object({ env: v.array(v.object({ ...named.entries, value: v.optional(v.string()) })) })),
      }),
    }),
  ),
})

describe('the second layer of expiry, on the clock', { timeout: 200_000 }, () => {
  let stand: LabStand

  before(async () => {
    // Nobody but the CronJob controller makes a Job here, and no timer ends a session.
    stand = await openLabStand({ config: { expiryTimers: false } })
  })
  after(() => stand?.[Symbol.asyncDispose]())

  it('ends a session by a Job that the CronJob controller makes when the minute is full', async () => {
    const carol = await stand.join('carol', { rules: [{ role: 'view', period: '5s' }] })
    const login = await carol.login()
    assert.equal(login.status, 202, login.body)
    const kubeconfig = await carol.saveKubeconfig()
    // A minute until the next tick, 20 s where another was just before it.
    await stand.refused(carol, kubeconfig, { timeoutMs: 100_000 })
    const asked = await stand.tap.waitFor(({ type }) => type === 'dev.tka.session.revocation.requested.v1')
    assert.ok(asked.source.endsWith('/sweeper'))

    const { system } = stand.install.namespaces
    const list = async (...what: readonly string[]) =>
      JSON.parse(await stand.install.kubectl('get', ...what, '-n', system, '-o', 'json'))
    const ticks = async () => v.parse(Jobs, await list('job', '-l', 'app.kubernetes.io/name=tick')).items
    await waitUntil('the Job to have succeeded', async () => {
      const ended = (await ticks()).filter(({ status }) => status.succeeded === 1)
      return ended.length > 0 || 'it runs'
    })
    const jobs = await ticks()
    for (const { metadata } of jobs)
      assert.deepEqual(
        metadata.ownerReferences.map(({ kind, name }) => [kind, name]),
        [['CronJob', 'tick']],
      )
    const pods = v.parse(Pods, await list('pod', '-l', `job-name=${jobs[0]?.metadata.name}`)).items
    const sinks = pods.flatMap(({ spec }) => spec.containers.flatMap(({ env }) => env)).filter(isSink)
    assert.deepEqual(
      sinks.map(({ value }) => value),
      [stand.install.brokerUrl],
    )
    assert.deepEqual(await stand.objectsOf('carol'), [])
  })
})

const isSink = ({ name }: { readonly name: string }) => name === 'K_SINK'
