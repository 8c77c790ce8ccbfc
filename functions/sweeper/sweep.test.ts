import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createModelCluster } from '#core/session/testing/model-cluster'
import { runPlans } from '#core/session/testing/run-plans'
import { hour, limits, minute, start, wantedSession } from '#core/session/testing/sample-session'
import type { TkaEvent } from '#events'
import { findPastDue } from './findings.ts'
import { sweep } from './sweep.ts'

/** A cluster with the sessions of some people, asked for at `start` for eight hours. */
function world(...people: readonly string[]) {
  const model = createModelCluster(() => start)
  const run = runPlans({ cluster: model, now: () => start, limits })
  for (const name of people) run.login(wantedSession({ name }))
  const objects = () => ({
    leases: [...model.leases.values()],
    serviceAccounts: [...model.serviceAccounts.values()],
    bindings: [...model.bindings.values()],
  })
  return { model, run, objects }
}

const alice = 'tka-user-alice'
const bob = 'tka-user-bob'

describe('a sweep', () => {
  it('finds nothing while every session lives', () => {
    assert.deepEqual(findPastDue(world(alice, bob).objects(), start + hour, limits), [])
  })

  it('finds sessions that are past due', () => {
    const session = wantedSession().request
    assert.deepEqual(findPastDue(world(alice).objects(), start + 8 * hour, limits), [
      { name: alice, session, reason: 'expired' },
    ])
  })

  it('finds objects whose Lease is gone', () => {
    const { model, objects } = world(alice, bob)
    model.leases.delete(alice)
    assert.deepEqual(findPastDue(objects(), start + hour, limits), [{ name: alice, reason: 'orphaned' }])
  })

  it('finds a binding that outlived its session', () => {
    const { model, objects } = world(alice)
    model.leases.delete(alice)
    model.serviceAccounts.delete(alice)
    assert.deepEqual(findPastDue(objects(), start + hour, limits), [{ name: alice, reason: 'orphaned' }])
  })

  it('finds an ended session’s Lease once it has told its story for ten minutes', () => {
    const { run, objects } = world(alice)
    run.revoke(alice, { reason: 'logout', request: 'r', sequence: '0000000000000002' })
    assert.deepEqual(findPastDue(objects(), start + 9 * minute, limits), [])
    assert.equal(findPastDue(objects(), start + 10 * minute, limits).length, 1)
  })

  it('asks the provisioner for each finding, under the same id every time', async () => {
    const emitted: TkaEvent[] = []
    const late: number[] = []
    const { objects } = world(alice, bob)
    const deps = {
      config: { cluster: 'lab', maxSessionSeconds: limits.maxSessionSeconds },
      readObjects: async () => objects(),
      emit: async (event: TkaEvent) => void emitted.push(event),
      now: () => start + 9 * hour,
      late: (ms: number) => void late.push(ms),
      info: () => undefined,
    }
    const signal = AbortSignal.timeout(5_000)
    await sweep(deps, signal)
    assert.deepEqual(late, [hour, hour], 'both are an hour past due')
    await sweep(deps, signal)
    assert.deepEqual(emitted.map(({ subject }) => subject).toSorted(), [alice, alice, bob, bob])
    assert.equal(new Set(emitted.map(({ id }) => id)).size, 2)
    for (const { id, data } of emitted) assert.partialDeepStrictEqual(data, { request: id })
    assert.equal(
      emitted.every(({ source, sequence }) => source === '/tka/lab/sweeper' && /^0+$/.test(sequence)),
      true,
    )
  })
})

describe('a sweep that cannot ask for a finding', () => {
  it('asks for every other one before it fails', async () => {
    const people = Array.from({ length: 30 }, (_, n) => `tka-user-p${n}`)
    const { objects } = world(...people)
    const asked: string[] = []
    const stuck = new Set(people.slice(0, 10))
    const deps = {
      config: { cluster: 'lab', maxSessionSeconds: limits.maxSessionSeconds },
      readObjects: async () => objects(),
      emit: async ({ subject }: TkaEvent) => {
        if (stuck.has(subject)) throw new Error('the Broker did not take it')
        asked.push(subject)
      },
      now: () => start + 9 * hour,
      late: () => undefined,
      info: () => undefined,
    }
    await assert.rejects(sweep(deps, AbortSignal.timeout(5_000)), /did not take it/)
    assert.deepEqual(asked.toSorted(), people.slice(10).toSorted())
  })
})
