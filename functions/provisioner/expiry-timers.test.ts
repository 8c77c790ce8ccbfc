import assert from 'node:assert/strict'
import { describe, it, mock, type TestContext } from 'node:test'
import { sourceOf } from '#events'
import { createMemoryCluster } from './testing/memory-cluster.ts'
import { cluster as eventCluster, sampleConfig, samplePerson } from './testing/sample-events.ts'
import { startProvisioner, type TestProvisioner } from './testing/start-provisioner.ts'

const hour = 3600_000
const day = 24 * hour

/** A provisioner whose clock and timers go when they are told to. */
async function world(t: TestContext, change: Parameters<typeof startProvisioner>[1] = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-11-23T10:00:00Z') })
  t.after(() => mock.timers.reset())
  const memory = createMemoryCluster(Date.now)
  const alice = await samplePerson('alice', { now: Date.now })
  const provisioner = startProvisioner(memory, change)
  t.after(() => provisioner[Symbol.dispose]())
  provisioner.startTimers()
  return { ...memory, alice, provisioner }
}

/** Lets time pass and what it started come to its end. */
async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms)
  for (let turns = 0; turns < 20; turns++) await new Promise(resolve => setImmediate(resolve))
}

describe('expiry timers', () => {
  it('end a session at its second, not before, and tell of it', async t => {
    const { provisioner, alice, model } = await world(t)
    await provisioner.handle(alice.login({ period: 60 }))
    await pass(59_999)
    assert.equal(model.bindings.size, 1)
    await pass(1)
    assert.equal(model.bindings.size, 0)
    assert.equal(model.serviceAccounts.size, 0)
    const reasons = provisioner.announced.map(event => event.type === 'dev.tka.session.ended.v1' && event.data.reason)
    assert.deepEqual(reasons, ['expired'])
  })

  it('look again when they fire: a session that was extended stays until its new end', async t => {
    const { provisioner, alice, model } = await world(t)
    await provisioner.handle(alice.login({ period: 60 }))
    await pass(30_000)
    await provisioner.handle(alice.login({ period: 60 }))
    await pass(59_999)
    assert.equal(model.bindings.size, 1)
    await pass(1)
    assert.equal(model.bindings.size, 0)
  })

  it('end the sessions that they find at a start', async t => {
    const { provisioner, alice, model, cluster, view } = await world(t)
    await provisioner.handle(alice.login({ period: 60 }))
    provisioner[Symbol.dispose]()
    await pass(61_000)
    assert.equal(model.bindings.size, 1)
    const next = startProvisioner({ cluster, view })
    t.after(() => next[Symbol.dispose]())
    next.startTimers()
    await pass(1)
    assert.equal(model.bindings.size, 0)
  })

  it('look again, after a pause, at a ServiceAccount that somebody holds, and tell of it once, and of each binding for it', async t => {
    const { provisioner, alice, model, cluster, view } = await world(t)
    await provisioner.handle(alice.login({ period: 60 }))
    const toldBy = ({ announced, alarms }: TestProvisioner) => ({
      announced: announced.length,
      held: alarms.filter(alarm => alarm.includes('is held by')).length,
      planted: alarms.filter(alarm => alarm.includes('a binding was made')).length,
    })
    const account = model.serviceAccounts.get(alice.subject)
    const [binding] = model.bindings.values()
    assert.ok(account && binding)
    model.serviceAccounts.set(alice.subject, { ...account, finalizers: ['example.com/hold'] })
    await pass(60_000)
    assert.equal(model.bindings.size, 0, 'access is gone')
    await pass(1_000)
    assert.deepEqual(toldBy(provisioner), { announced: 1, held: 1, planted: 0 })
    model.bindings.set('/planted', { ...binding, name: 'planted' })
    for (let ticks = 0; ticks < 50; ticks++) await pass(1)
    assert.equal(model.bindings.size, 1)
    await pass(2_000)
    assert.equal(model.bindings.size, 0, 'and is taken away at the next look')
    await pass(4_000)
    assert.deepEqual(toldBy(provisioner), { announced: 2, held: 2, planted: 1 })
    const swept = { ...alice.logout({ reason: 'expired' }), source: sourceOf(eventCluster, 'sweeper') }
    assert.equal(await provisioner.handle(swept), undefined, 'nor is a sweep answered')
    assert.ok(await provisioner.handle(alice.logout()), 'but whoever asks is')
    assert.deepEqual(toldBy(provisioner), { announced: 2, held: 2, planted: 1 })

    provisioner[Symbol.dispose]()
    const next = startProvisioner({ cluster, view })
    t.after(() => next[Symbol.dispose]())
    await next.recover()
    next.startTimers()
    await pass(1_000)
    assert.deepEqual(toldBy(next), { announced: 1, held: 1, planted: 0 }, 'a later process cannot know who was told')
  })

  it('hold a delay that is longer than a timer can be', async t => {
    const days = 40
    const config = sampleConfig({
      period: { minimum: '1s', maximum: `${days * 24}h` },
      maxSession: `${days * 24}h`,
      roles: [{ name: 'view', scope: 'cluster', maxPeriod: `${days * 24}h` }],
    })
    const { provisioner, alice, model } = await world(t, { config })
    await provisioner.handle(alice.login({ period: (days * day) / 1000 }))
    await pass(25 * day)
    await pass(15 * day - 1)
    assert.equal(model.bindings.size, 1)
    await pass(1)
    assert.equal(model.bindings.size, 0)
  })

  it('look at eight at once of all that are past due', async t => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-11-23T10:00:00Z') })
    t.after(() => mock.timers.reset())
    const memory = createMemoryCluster(Date.now)
    const underWay: PromiseWithResolvers<void>[] = []
    let most = 0
    let slow = false
    const getLease = async (...call: Parameters<typeof memory.cluster.getLease>) => {
      if (slow) {
        const look = Promise.withResolvers<void>()
        most = Math.max(most, underWay.push(look))
        await look.promise
      }
      return memory.cluster.getLease(...call)
    }
    const provisioner = startProvisioner({ ...memory, cluster: { ...memory.cluster, getLease } })
    t.after(() => provisioner[Symbol.dispose]())
    provisioner.startTimers()
    for (let person = 0; person < 20; person++) {
      const somebody = await samplePerson(`p${person}`, { now: Date.now })
      await provisioner.handle(somebody.login({ period: 60 }))
    }
    slow = true
    await pass(60_000)
    assert.equal(underWay.length, 8)
    for (let turns = 0; memory.model.bindings.size > 0 && turns < 50; turns++) {
      for (const look of underWay.splice(0)) look.resolve()
      await pass(1)
    }
    assert.equal(memory.model.bindings.size, 0)
    assert.equal(most, 8)
  })

  it('try again after a pause when the API server fails', async t => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-11-23T10:00:00Z') })
    t.after(() => mock.timers.reset())
    const memory = createMemoryCluster(Date.now)
    const alice = await samplePerson('alice', { now: Date.now })
    let broken = false
    const getLease = (...call: Parameters<typeof memory.cluster.getLease>) =>
      broken ? Promise.reject(new Error('broken')) : memory.cluster.getLease(...call)
    const provisioner = startProvisioner({ ...memory, cluster: { ...memory.cluster, getLease } })
    t.after(() => provisioner[Symbol.dispose]())
    provisioner.startTimers()
    await provisioner.handle(alice.login({ period: 60 }))
    broken = true
    await pass(60_000)
    await pass(1_000)
    assert.equal(memory.model.bindings.size, 1)
    broken = false
    await pass(2_000)
    assert.equal(memory.model.bindings.size, 0)
  })
})
