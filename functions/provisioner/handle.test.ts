import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '#core/problem'
import { type EventOf, EventRefused, type EventType, isOfType, sourceOf, type TkaEvent } from '#events'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import { Killed, killAtWrite } from './testing/faulty-cluster.ts'
import { createMemoryCluster, type MemoryCluster } from './testing/memory-cluster.ts'
import { cluster, type SamplePerson, samplePerson } from './testing/sample-events.ts'
import { startProvisioner } from './testing/start-provisioner.ts'

const hour = 3600_000

/** A cluster in memory with a clock of its own. */
async function world() {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const now = () => time
  const memory = createMemoryCluster(now)
  const alice = await samplePerson('alice', { now })
  return {
    ...memory,
    now,
    alice,
    pass: (ms: number) => {
      time += ms
    },
    start: (change: Parameters<typeof startProvisioner>[1] = {}) => startProvisioner(memory, { now, ...change }),
  }
}

function ofType<T extends EventType>(event: TkaEvent | undefined, type: T): EventOf<T> {
  assert.equal(event?.type, type)
  assert.ok(event && isOfType(event, type))
  return event
}

async function openGranted(alice: SamplePerson, granted: EventOf<'dev.tka.session.granted.v1'>) {
  const { request, session, sealed } = granted.data
  return alice.key.open(sealed, { request, session, serviceAccount: alice.subject })
}

function assertNothingLeft({ model }: MemoryCluster): void {
  assert.equal(model.serviceAccounts.size, 0)
  assert.equal(model.bindings.size, 0)
  for (const { phase } of model.leases.values()) assert.equal(phase, 'ended')
}

describe('a request for a session', () => {
  it('is answered with a token of the session’s own ServiceAccount, sealed to the requester', async () => {
    const { start, alice, model, now } = await world()
    const event = alice.login()
    const granted = ofType(await start().handle(event), 'dev.tka.session.granted.v1')
    const uid = model.serviceAccounts.get(alice.subject)?.uid
    const { token, exp } = await openGranted(alice, granted)
    assert.equal(token, `token of ${uid}`)
    assert.equal(exp, now() / 1000 + 3600)
    assert.equal(granted.data.validUntil, '2026-11-23T11:00:00Z')
    assert.equal(granted.causationid, event.id)
    assert.equal(JSON.stringify(granted).includes(token), false)
  })

  it('asks for ten minutes of token where the session is shorter, and says the session’s end', async () => {
    const { start, alice, now } = await world()
    const granted = ofType(await start().handle(alice.login({ period: 5 })), 'dev.tka.session.granted.v1')
    assert.equal((await openGranted(alice, granted)).exp, now() / 1000 + 600)
    assert.equal(granted.data.validUntil, '2026-11-23T10:00:05Z')
  })

  it('a hundred times gives one session, the same end and a fresh token each time', async () => {
    const { start, alice, model, pass } = await world()
    const provisioner = start()
    const event = alice.login()
    const answers = await Promise.all(Array.from({ length: 100 }, () => provisioner.handle(event)))
    pass(10_000)
    answers.push(await start().handle(event))
    const granted = answers.map(answer => ofType(answer, 'dev.tka.session.granted.v1').data)
    assert.deepEqual([...new Set(granted.map(({ session }) => session))], [event.id])
    assert.deepEqual([...new Set(granted.map(({ validUntil }) => validUntil))], ['2026-11-23T11:00:00Z'])
    assert.equal(new Set(granted.map(({ sealed }) => sealed)).size, 101)
    assert.equal(model.serviceAccounts.size, 1)
    assert.equal(model.bindings.size, 1)
  })

  it('of several people at once gives each their own', async () => {
    const { start, model, now } = await world()
    const provisioner = start()
    const people = await Promise.all(Array.from({ length: 20 }, (_, n) => samplePerson(`p${n}`, { now })))
    await Promise.all(people.map(person => provisioner.handle(person.login())))
    assert.deepEqual([...model.serviceAccounts.keys()].toSorted(), people.map(({ subject }) => subject).toSorted())
  })

  it('for more time with the same rights extends the session', async () => {
    const { start, alice, pass } = await world()
    const provisioner = start()
    const first = ofType(await provisioner.handle(alice.login()), 'dev.tka.session.granted.v1')
    pass(600_000)
    const second = ofType(await provisioner.handle(alice.login()), 'dev.tka.session.granted.v1')
    assert.equal(second.data.session, first.data.session)
    assert.equal(second.data.renewed, true)
    assert.equal(second.data.validUntil, '2026-11-23T11:10:00Z')
    assert.deepEqual(provisioner.announced, [])
  })

  it('for other rights ends the old session and tells of it', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    const first = ofType(await provisioner.handle(alice.login()), 'dev.tka.session.granted.v1')
    const second = await provisioner.handle(alice.login({ role: 'edit', namespaces: ['team'] }))
    assert.notEqual(ofType(second, 'dev.tka.session.granted.v1').data.session, first.data.session)
    assert.deepEqual(
      [...model.bindings.values()].map(({ role, namespace }) => [role, namespace]),
      [['edit', 'team']],
    )
    const [ended] = provisioner.announced
    const { data } = ofType(ended, 'dev.tka.session.ended.v1')
    assert.deepEqual([data.session, data.reason, data.hadAccess], [first.data.session, 'replaced', true])
  })

  it('is refused when its subject does not follow from login and user id', async () => {
    const { start, alice, model } = await world()
    const event = { ...alice.login(), subject: 'tka-user-bob', partitionkey: 'tka-user-bob' }
    await assert.rejects(start().handle(event), (error: unknown) => {
      return error instanceof EventRefused && error.reason === 'subject-differs'
    })
    assert.equal(model.version(), 0)
  })

  it('is refused when it carries no wish', async () => {
    const { start, alice } = await world()
    await assert.rejects(start().handle({ ...alice.login(), sequence: '0'.repeat(16) }), EventRefused)
  })

  const refusals: readonly [string, Parameters<SamplePerson['login']>[0], string][] = [
    ['a role that is not offered', { role: 'cluster-admin' }, 'role-not-offered'],
    ['a role that is not offered for the whole cluster', { role: 'edit' }, 'role-not-offered'],
    ['a protected namespace', { namespaces: ['kube-system'] }, 'namespace-protected'],
    ['the sessions namespace', { namespaces: ['tka'] }, 'namespace-protected'],
    ['too long a period', { period: 25 * 3600 }, 'period-invalid'],
  ]
  for (const [what, rule, code] of refusals) {
    it(`is denied, whatever login thought, for ${what}`, async () => {
      const { start, alice, model } = await world()
      const { data } = ofType(await start().handle(alice.login(rule)), 'dev.tka.session.denied.v1')
      assert.equal(data.code, code)
      assert.equal(model.version(), 0)
    })
  }

  it('is denied while the guard is not proved', async () => {
    const { start, alice, model } = await world()
    const answer = await start({ guardDoubt: () => 'nothing keeps us' }).handle(alice.login())
    const { code, retriable } = ofType(answer, 'dev.tka.session.denied.v1').data
    assert.deepEqual([code, retriable], ['unavailable', true])
    assert.equal(model.version(), 0)
  })

  it('is denied, and leaves nothing, when the API server refuses a part of it', async () => {
    const w = await world()
    const provisioner = startProvisioner(
      {
        ...w,
        cluster: {
          ...w.cluster,
          createBinding: async () => {
            throw new KubernetesError('denied', 'ValidatingAdmissionPolicy says no')
          },
        },
      },
      { now: w.now },
    )
    const { code } = ofType(await provisioner.handle(w.alice.login()), 'dev.tka.session.denied.v1').data
    assert.equal(code, 'unavailable')
    assert.equal(provisioner.alarms.length, 1)
    assertNothingLeft(w)
  })

  it('may come again when the API server does not answer, and then goes on', async () => {
    const w = await world()
    const event = w.alice.login()
    const broken = startProvisioner(
      {
        ...w,
        cluster: {
          ...w.cluster,
          mintToken: async () => {
            throw new KubernetesError('unavailable', 'timeout')
          },
        },
      },
      { now: w.now },
    )
    await assert.rejects(broken.handle(event), (error: unknown) => {
      return error instanceof Problem && error.code === 'unavailable'
    })
    ofType(await w.start().handle(event), 'dev.tka.session.granted.v1')
  })

  it('is denied, and leaves nothing, when its token is refused though its Lease is written', async () => {
    const w = await world()
    const mintToken = async () => Promise.reject(new KubernetesError('denied', 'no'))
    const provisioner = startProvisioner({ ...w, cluster: { ...w.cluster, mintToken } }, { now: w.now })
    const { data } = ofType(await provisioner.handle(w.alice.login()), 'dev.tka.session.denied.v1')
    assert.deepEqual([data.code, data.retriable], ['unavailable', true])
    assertNothingLeft(w)
  })

  it('that comes again takes nothing from whoever was granted it, though another token is refused', async () => {
    const w = await world()
    const event = w.alice.login()
    ofType(await w.start().handle(event), 'dev.tka.session.granted.v1')
    const mintToken = async () => Promise.reject(new KubernetesError('denied', 'no'))
    const again = startProvisioner({ ...w, cluster: { ...w.cluster, mintToken } }, { now: w.now })
    ofType(await again.handle(event), 'dev.tka.session.denied.v1')
    assert.equal(w.model.leases.get(w.alice.subject)?.phase, 'live')
    assert.equal(w.model.bindings.size, 1)
  })

  it('never asks for a token that lasts longer than the longest session, though login’s clock is ahead', async () => {
    const { start, alice, now, pass } = await world()
    const event = alice.login({ period: 24 * 3600 })
    pass(-20_000)
    const granted = ofType(await start().handle(event), 'dev.tka.session.granted.v1')
    assert.equal((await openGranted(alice, granted)).exp, now() / 1000 + 24 * 3600)
  })

  it('grants nothing when it is posted again after the logout', async () => {
    const w = await world()
    const provisioner = w.start()
    const event = w.alice.login()
    await provisioner.handle(event)
    await provisioner.handle(w.alice.logout())
    assert.equal(ofType(await provisioner.handle(event), 'dev.tka.session.denied.v1').data.code, 'superseded')
    assertNothingLeft(w)
  })

  it('is denied with an alarm while a finalizer holds the last session’s ServiceAccount', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    await provisioner.handle(alice.login())
    const held = model.serviceAccounts.get(alice.subject)
    assert.ok(held)
    model.serviceAccounts.set(alice.subject, { ...held, finalizers: ['example.com/hold'] })
    const answer = await provisioner.handle(alice.login({ role: 'edit', namespaces: ['team'] }))
    assert.equal(ofType(answer, 'dev.tka.session.denied.v1').data.code, 'unavailable')
    assert.match(provisioner.alarms.join(), /example.com\/hold/)
    assert.equal(model.bindings.size, 0)
  })

  it('is denied with an alarm while somebody binds the group of all sessions', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    await provisioner.handle(alice.login())
    const [own] = model.bindings.values()
    assert.ok(own)
    model.bindings.set('/everybody', { ...own, name: 'everybody', serviceAccounts: [], everySession: true })
    const answer = await provisioner.handle(alice.login())
    assert.equal(ofType(answer, 'dev.tka.session.denied.v1').data.code, 'unavailable')
    assert.match(provisioner.alarms.join(), /everybody/)
  })

  it('is right though what is known is behind', async () => {
    const w = await world()
    const nothing = w.model.observe(w.alice.subject)
    await w.start().handle(w.alice.login())
    const before = w.model.serviceAccounts.get(w.alice.subject)?.uid
    const behind = { ...w.view, know: () => nothing }
    const event = w.alice.login()
    const answer = await startProvisioner({ ...w, view: behind }, { now: w.now }).handle(event)
    ofType(answer, 'dev.tka.session.granted.v1')
    assert.equal(w.model.leases.get(w.alice.subject)?.request, event.id)
    assert.equal(w.model.serviceAccounts.get(w.alice.subject)?.uid, before)
  })
})

describe('a request for a credential', () => {
  it('is answered with another token of the live session', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    const { session } = ofType(await provisioner.handle(alice.login()), 'dev.tka.session.granted.v1').data
    const event = alice.credential(session)
    const { data } = ofType(await provisioner.handle(event), 'dev.tka.credential.issued.v1')
    const opened = await alice.key.open(data.sealed, { request: event.id, session, serviceAccount: alice.subject })
    assert.equal(opened.token, `token of ${model.serviceAccounts.get(alice.subject)?.uid}`)
  })

  it('is denied for another session, after valid-until and after the logout', async () => {
    const { start, alice, pass } = await world()
    const provisioner = start()
    const { session } = ofType(await provisioner.handle(alice.login()), 'dev.tka.session.granted.v1').data
    const denied = async (event: Parameters<typeof provisioner.handle>[0]) =>
      ofType(await provisioner.handle(event), 'dev.tka.session.denied.v1').data.code
    assert.equal(await denied(alice.credential('another')), 'not-signed-in')
    pass(hour)
    assert.equal(await denied(alice.credential(session)), 'not-signed-in')
    await provisioner.handle(alice.logout())
    assert.equal(await denied(alice.credential(session)), 'not-signed-in')
  })

  it('is denied for another user id', async () => {
    const { start, alice } = await world()
    const provisioner = start()
    const { session } = ofType(await provisioner.handle(alice.login()), 'dev.tka.session.granted.v1').data
    const event = alice.credential(session)
    const answer = await provisioner.handle({ ...event, data: { ...event.data, userId: '8' } })
    assert.equal(ofType(answer, 'dev.tka.session.denied.v1').data.code, 'not-signed-in')
  })
})

describe('a request for a revocation', () => {
  it('of a person ends the session and says so, again when it comes again', async () => {
    const w = await world()
    const provisioner = w.start()
    const { session } = ofType(await provisioner.handle(w.alice.login()), 'dev.tka.session.granted.v1').data
    const logout = w.alice.logout()
    for (let times = 0; times < 2; times++) {
      const { data } = ofType(await provisioner.handle(logout), 'dev.tka.session.ended.v1')
      assert.deepEqual(
        [data.request, data.session, data.reason, data.role, data.hadAccess],
        ['logout-1', session, 'logout', 'view', true],
      )
      assertNothingLeft(w)
    }
  })

  it('of a person without a session remembers the wish', async () => {
    const w = await world()
    const provisioner = w.start()
    const login = w.alice.login()
    const { data } = ofType(await provisioner.handle(w.alice.logout()), 'dev.tka.session.ended.v1')
    assert.equal(data.hadAccess, false)
    assert.equal(ofType(await provisioner.handle(login), 'dev.tka.session.denied.v1').data.code, 'superseded')
  })

  it('that a later login overtook is denied to whoever waits for it', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    const logout = alice.logout()
    await provisioner.handle(alice.login())
    const { data } = ofType(await provisioner.handle(logout), 'dev.tka.session.denied.v1')
    assert.deepEqual([data.request, data.code], ['logout-1', 'superseded'])
    assert.equal(model.serviceAccounts.size, 1)
  })

  it('of the sweeper ends nothing that lives, whatever its sequence says', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    await provisioner.handle(alice.login())
    const forged = { ...alice.logout(), source: sourceOf(cluster, 'sweeper') }
    assert.equal(await provisioner.handle(forged), undefined)
    assert.equal(model.serviceAccounts.size, 1)
  })

  it('of the sweeper ends what is past due', async () => {
    const w = await world()
    const provisioner = w.start()
    await provisioner.handle(w.alice.login())
    w.pass(hour)
    const sweep = { ...w.alice.logout({ reason: 'expired' }), source: sourceOf(cluster, 'sweeper') }
    assert.equal(ofType(await provisioner.handle(sweep), 'dev.tka.session.ended.v1').data.reason, 'expired')
    assertNothingLeft(w)
  })

  for (const [first, elapsed] of [
    ['a person', 0],
    ['the sweeper', hour],
  ] as const)
    it(`of ${first} that ends all but a held ServiceAccount is told of once; whoever asks is answered`, async () => {
      const { start, alice, model, pass } = await world()
      const provisioner = start()
      await provisioner.handle(alice.login())
      const account = model.serviceAccounts.get(alice.subject)
      assert.ok(account)
      model.serviceAccounts.set(alice.subject, { ...account, finalizers: ['example.com/hold'] })
      pass(elapsed)
      const sweep = () => ({ ...alice.logout({ reason: 'expired' }), source: sourceOf(cluster, 'sweeper') })
      ofType(await provisioner.handle(elapsed === 0 ? alice.logout() : sweep()), 'dev.tka.session.ended.v1')
      for (let sweeps = 0; sweeps < 3; sweeps++) assert.equal(await provisioner.handle(sweep()), undefined)
      await provisioner.recover()
      assert.equal(provisioner.alarms.filter(alarm => alarm.includes('is held by')).length, 1)
      assert.deepEqual(provisioner.announced, [])
      ofType(await provisioner.handle(alice.logout()), 'dev.tka.session.ended.v1')
    })

  it('that cannot be proved to have ended access is never answered as done: the ServiceAccount goes, an alarm is raised', async () => {
    const { start, alice, model } = await world()
    const provisioner = start()
    await provisioner.handle(alice.login())
    const [[key, own] = []] = model.bindings.entries()
    assert.ok(key !== undefined && own)
    model.bindings.set(key, { ...own, finalizers: ['example.com/hold'] })
    await assert.rejects(provisioner.handle(alice.logout()), (error: unknown) => {
      return error instanceof Problem && error.code === 'access-may-remain'
    })
    assert.equal(model.serviceAccounts.size, 0)
    assert.match(provisioner.alarms.join(), /example.com\/hold/)
  })
})

describe('a binding that the API server does not let go', () => {
  it('takes the ServiceAccount with it, is told of by an alarm, and never counts as ended', async () => {
    const w = await world()
    await w.start().handle(w.alice.login())
    const deleteBinding = async () => Promise.reject(new KubernetesError('denied', 'a policy says no'))
    const provisioner = startProvisioner({ ...w, cluster: { ...w.cluster, deleteBinding } }, { now: w.now })
    await assert.rejects(provisioner.handle(w.alice.logout()), { code: 'access-may-remain' })
    assert.equal(w.model.serviceAccounts.size, 0)
    assert.equal(provisioner.alarms.length, 1)
    ofType(await w.start().handle(w.alice.logout()), 'dev.tka.session.ended.v1')
    assertNothingLeft(w)
  })
})

describe('a second process', () => {
  /** The first process as it is when the second one acts just before its first write to a Lease. */
  function disturbed(w: Awaited<ReturnType<typeof world>>, act: () => Promise<unknown>) {
    let once = false
    const writeLease: typeof w.cluster.writeLease = async (record, options) => {
      if (!once) {
        once = true
        await act()
      }
      return w.cluster.writeLease(record, options)
    }
    return startProvisioner({ ...w, cluster: { ...w.cluster, writeLease } }, { now: w.now })
  }

  it('that carries out a later login is not undone by a logout that was faster on its way', async () => {
    const w = await world()
    await w.start().handle(w.alice.login())
    const logout = w.alice.logout()
    const login = w.alice.login({ role: 'edit', namespaces: ['team'] })
    const answer = await disturbed(w, () => w.start().handle(login)).handle(logout)
    assert.equal(ofType(answer, 'dev.tka.session.denied.v1').data.code, 'superseded')
    assert.equal(w.model.leases.get(w.alice.subject)?.session, login.id)
    assert.deepEqual(
      [...w.model.bindings.values()].map(({ role }) => role),
      ['edit'],
    )
    assert.equal(w.model.serviceAccounts.size, 1)
  })

  it('that extends a session keeps it from being ended for its old end', async () => {
    const w = await world()
    await w.start().handle(w.alice.login({ period: 60 }))
    w.pass(60_000 - 1)
    const extended = w.alice.login({ period: 3600 })
    const sweep = { ...w.alice.logout({ reason: 'expired' }), source: sourceOf(cluster, 'sweeper') }
    const first = disturbed(w, async () => {
      w.pass(-1)
      await w.start().handle(extended)
      w.pass(1)
    })
    w.pass(1)
    assert.equal(await first.handle(sweep), undefined)
    assert.equal(w.model.leases.get(w.alice.subject)?.request, extended.id)
    assert.equal(w.model.bindings.size, 1)
  })

  it('that makes another session at the same time loses or wins, and nothing of the loser stays', async () => {
    const w = await world()
    const older = w.alice.login({ role: 'edit', namespaces: ['team'] })
    const newer = w.alice.login()
    const answer = await disturbed(w, () => w.start().handle(newer)).handle(older)
    assert.equal(ofType(answer, 'dev.tka.session.denied.v1').data.code, 'superseded')
    assert.deepEqual(
      [...w.model.bindings.values()].map(({ role }) => role),
      ['view'],
    )
    assert.equal(w.model.serviceAccounts.get(w.alice.subject)?.session, newer.id)
  })
})

describe('a provisioner that starts', () => {
  it('is kept from it by nobody whose session cannot be ended, and ends everybody else’s', async () => {
    const w = await world()
    const bob = await samplePerson('bob', { now: w.now })
    const before = w.start()
    for (const person of [w.alice, bob]) await before.handle(person.login())
    const [[key, own] = []] = [...w.model.bindings].filter(([, { serviceAccounts }]) =>
      serviceAccounts.includes(w.alice.subject),
    )
    assert.ok(key !== undefined && own)
    w.model.bindings.set(key, { ...own, finalizers: ['example.com/hold'] })
    w.pass(hour)
    const started = w.start()
    await started.recover()
    assert.match(started.alarms.join(), /cannot be brought to rest/)
    assert.equal(w.model.leases.get(bob.subject)?.phase, 'ended')
    assert.equal(w.model.serviceAccounts.size, 0)
  })

  it('is kept from it by no call that the API server does not answer, and alarms nobody', async () => {
    const w = await world()
    const bob = await samplePerson('bob', { now: w.now })
    for (const person of [w.alice, bob]) await w.start().handle(person.login())
    w.pass(hour)
    const down = new KubernetesError('unavailable', 'down')
    for (const failure of [down, new DOMException('too slow', 'TimeoutError')]) {
      const getLease = (name: string, options: { readonly signal: AbortSignal }) =>
        name === w.alice.subject ? Promise.reject(failure) : w.cluster.getLease(name, options)
      const started = startProvisioner({ ...w, cluster: { ...w.cluster, getLease } }, { now: w.now })
      await started.recover()
      assert.deepEqual(started.alarms, [])
      assert.equal(w.model.leases.get(bob.subject)?.phase, 'ended')
      assert.equal(w.model.leases.get(w.alice.subject)?.phase, 'live')
    }
  })

  it('lets nobody do more than their session allows whom it had no time to look at', async () => {
    const w = await world()
    const { session } = ofType(await w.start().handle(w.alice.login()), 'dev.tka.session.granted.v1').data
    w.pass(hour)
    const told: string[] = []
    const started = w.start({ warn: message => told.push(message) })
    await started.recover(AbortSignal.abort())
    assert.match(told.join(), /not all at rest/)
    assert.equal(w.model.leases.get(w.alice.subject)?.phase, 'live', 'it was not looked at')
    const denied = ofType(await started.handle(w.alice.credential(session)), 'dev.tka.session.denied.v1')
    assert.equal(denied.data.code, 'not-signed-in')
    const again = ofType(await started.handle(w.alice.login()), 'dev.tka.session.granted.v1')
    assert.notEqual(again.data.session, session)
  })
})

describe('a provisioner that is killed at any write', () => {
  for (const moment of ['before', 'after'] as const) {
    for (const [time, signal] of [
      ['time', undefined],
      ['no time', AbortSignal.abort()],
    ] as const)
      it(`of a login (${moment} it), and started again with ${time} to recover, leaves a session that works once the event comes again`, async () => {
        for (let nth = 1; ; nth++) {
          const w = await world()
          const event = w.alice.login({ namespaces: ['a', 'b'] })
          const dying = killAtWrite(w.cluster, nth, moment)
          const answer = await startProvisioner({ ...w, cluster: dying.cluster }, { now: w.now })
            .handle(event)
            .catch((error: unknown) => assert.ok(error instanceof Killed))
          const restarted = w.start()
          await restarted.recover(signal)
          const granted = ofType(await restarted.handle(event), 'dev.tka.session.granted.v1')
          const { token } = await openGranted(w.alice, granted)
          assert.equal(token, `token of ${w.model.serviceAccounts.get(w.alice.subject)?.uid}`)
          assert.equal(w.model.bindings.size, 2)
          if (answer) return
        }
      })

    it(`of a login (${moment} it), and started when nobody waits any more, leaves a working session or nothing`, async () => {
      for (let nth = 1; ; nth++) {
        const w = await world()
        const dying = killAtWrite(w.cluster, nth, moment)
        const answer = await startProvisioner({ ...w, cluster: dying.cluster }, { now: w.now })
          .handle(w.alice.login({ namespaces: ['a', 'b'] }))
          .catch((error: unknown) => assert.ok(error instanceof Killed))
        w.pass(60_000)
        await w.start().recover()
        const lease = w.model.leases.get(w.alice.subject)
        if (lease?.phase === 'live') assert.equal(w.model.bindings.size, 2)
        else assertNothingLeft(w)
        if (answer) return
      }
    })

    it(`of a logout (${moment} it), and started again, leaves nothing`, async () => {
      for (let nth = 1; ; nth++) {
        const w = await world()
        await w.start().handle(w.alice.login({ namespaces: ['a', 'b'] }))
        const logout = w.alice.logout()
        const dying = killAtWrite(w.cluster, nth, moment)
        const answer = await startProvisioner({ ...w, cluster: dying.cluster }, { now: w.now })
          .handle(logout)
          .catch((error: unknown) => assert.ok(error instanceof Killed))
        const restarted = w.start()
        await restarted.recover()
        if (nth > 1 || moment === 'after') assertNothingLeft(w)
        ofType(await restarted.handle(logout), 'dev.tka.session.ended.v1')
        assertNothingLeft(w)
        if (answer) return
      }
    })
  }
})
