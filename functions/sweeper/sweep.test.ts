import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { SessionRecord } from '#core/session/session-record'
import { createModelCluster } from '#core/session/testing/model-cluster'
import { runPlans } from '#core/session/testing/run-plans'
import { hour, limits, liveRecord, minute, start, wantedSession } from '#core/session/testing/sample-session'
import type { TkaEvent } from '#events'
import { findPastDue, type LeasePage } from './find-past-due.ts'
import { type SweepDeps, sweep } from './sweep.ts'

/** A cluster with the sessions of some people, asked for at `start` for eight hours. */
function world(...people: readonly string[]) {
  const model = createModelCluster(() => start)
  const run = runPlans({ cluster: model, now: () => start, limits })
  for (const name of people) run.login(wantedSession({ name }))
  const objects = () => ({
    serviceAccounts: [...model.serviceAccounts.values()],
    bindings: [...model.bindings.values()],
  })
  const leases = () => [...model.leases.values()]
  return { model, run, objects, leases }
}

type World = ReturnType<typeof world>

/** Leases as they are listed: two a page. */
async function* inPages(...lists: readonly (readonly SessionRecord[])[]): AsyncGenerator<LeasePage> {
  for (const leases of lists)
    for (let from = 0; from === 0 || from < leases.length; from += 2)
      yield { first: from === 0, leases: leases.slice(from, from + 2), unreadable: [] }
}

async function find({ objects, leases }: World, now: number) {
  return (await findPastDue(objects(), inPages(leases()), now, limits)).findings
}

/** What a sweep works with in that world, nine hours after its beginning. */
function depsOf({ objects, leases }: World, emit: SweepDeps['emit']): SweepDeps {
  return {
    config: { cluster: 'lab', maxSessionSeconds: limits.maxSessionSeconds },
    readObjects: async () => objects(),
    readLeases: () => inPages(leases()),
    emit,
    now: () => start + 9 * hour,
    random: () => 0,
    late: () => undefined,
    info: () => undefined,
  }
}

const alice = 'tka-user-alice'
const bob = 'tka-user-bob'
const people = (count: number) => Array.from({ length: count }, (_, n) => `tka-user-p${n}`)

describe('a sweep', () => {
  it('finds nothing while every session lives', async () => {
    assert.deepEqual(await find(world(alice, bob), start + hour), [])
  })

  it('finds sessions that are past due, and how late it is', async () => {
    const session = wantedSession().request
    assert.deepEqual(await find(world(alice), start + 8 * hour + minute), [
      { name: alice, session, reason: 'expired', lateMs: minute },
    ])
  })

  it('finds objects whose Lease is gone', async () => {
    const cluster = world(alice, bob)
    cluster.model.leases.delete(alice)
    assert.deepEqual(await find(cluster, start + hour), [{ name: alice, reason: 'orphaned' }])
  })

  it('finds a binding that outlived its session', async () => {
    const cluster = world(alice)
    cluster.model.leases.delete(alice)
    cluster.model.serviceAccounts.delete(alice)
    assert.deepEqual(await find(cluster, start + hour), [{ name: alice, reason: 'orphaned' }])
  })

  it('finds a half-made session once nobody waits for it any more', async () => {
    const cluster = world(alice, bob)
    const { serviceAccountUid: _, phase: __, ...terms } = liveRecord({ name: alice })
    cluster.model.leases.set(alice, { ...terms, phase: 'provisioning', requestExpiresAt: start + minute })
    assert.deepEqual(await find(cluster, start + minute - 1), [])
    assert.deepEqual(await find(cluster, start + minute), [{ name: alice, session: terms.session, reason: 'expired' }])
  })

  it('finds an ended session’s Lease once it has told its story for ten minutes', async () => {
    const cluster = world(alice)
    cluster.run.revoke(alice, { reason: 'logout', request: 'r', sequence: '0000000000000002' })
    assert.deepEqual(await find(cluster, start + 9 * minute), [])
    assert.equal((await find(cluster, start + 10 * minute)).length, 1)
  })

  it('finds a Lease that cannot be read, once, with objects or without', async () => {
    const cluster = world(alice)
    cluster.model.leases.delete(alice)
    const page = { leases: [], unreadable: [alice, bob] }
    async function* pages(): AsyncGenerator<LeasePage> {
      for (const first of [true, true]) yield { ...page, first }
    }
    assert.deepEqual(await findPastDue(cluster.objects(), pages(), start + hour, limits), {
      sessions: 0,
      findings: [
        { name: alice, reason: 'orphaned' },
        { name: bob, reason: 'orphaned' },
      ],
    })
  })

  it('forgets the Leases that it saw of a list that began anew', async () => {
    const { model, objects, leases } = world(...people(5))
    const before = leases()
    model.leases.delete('tka-user-p0')
    const found = await findPastDue(objects(), inPages(before, leases()), start + hour, limits)
    assert.deepEqual(found, { sessions: 4, findings: [{ name: 'tka-user-p0', reason: 'orphaned' }] })
  })

  it('asks the provisioner for each finding, under the same id every time', async () => {
    const emitted: TkaEvent[] = []
    const late: number[] = []
    const deps = {
      ...depsOf(world(alice, bob), async event => void emitted.push(event)),
      late: (ms: number) => void late.push(ms),
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
    const names = people(30)
    const asked: string[] = []
    const stuck = new Set(names.slice(0, 10))
    const deps = depsOf(world(...names), async ({ subject }) => {
      if (stuck.has(subject)) throw new Error('the Broker did not take it')
      asked.push(subject)
    })
    await assert.rejects(sweep(deps, AbortSignal.timeout(5_000)), /did not take it/)
    assert.deepEqual(asked.toSorted(), names.slice(10).toSorted())
  })

  it('lets those that hold it up not always be the first', async () => {
    const names = people(30).toSorted()
    const asked: string[] = []
    const held = new Set(names.slice(0, 10))
    const deps = depsOf(world(...names), async ({ subject }, { signal }) => {
      if (held.has(subject) && !signal.aborted) await once(signal, 'abort')
      asked.push(subject)
    })
    for (const random of [0, 0.5]) {
      const stop = new AbortController()
      const swept = sweep({ ...deps, random: () => random }, stop.signal)
      await setImmediate()
      const before = [...asked]
      stop.abort()
      await swept
      assert.equal(before.length, random === 0 ? 0 : 15, 'those from the middle on')
      asked.length = 0
    }
  })
})
