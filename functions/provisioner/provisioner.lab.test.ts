import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Problem } from '#core/problem'
import { type EventOf, type EventType, isOfType, sourceOf, type TkaEvent } from '#events'
import { tryCreate } from '#io/kubernetes/try-create'
import { waitUntil } from '../../knative/lab/wait-until.ts'
import { doubtGuard } from './prove-guard.ts'
import { Killed, killAtWrite } from './testing/faulty-cluster.ts'
import { type LabWorld, openLabWorld } from './testing/lab-world.ts'
import { cluster, type SamplePerson, samplePerson } from './testing/sample-events.ts'
import { startProvisioner } from './testing/start-provisioner.ts'

/** Whom the guard lets through in a namespace of sessions, with rights that RBAC never refuses. */
const controller = { user: 'system:kube-controller-manager', groups: ['system:masters'] }

describe('the provisioner on a real API server', () => {
  let world: LabWorld
  before(async () => {
    world = await openLabWorld()
    await world.install.kubectl('create', 'namespace', team())
  })
  after(async () => {
    await world.install.kubectl('delete', 'namespace', team(), '--wait=false')
    await world[Symbol.asyncDispose]()
  })

  const team = () => `${world.install.install}-team`
  const person = (name: string) => samplePerson(name, { now: Date.now, install: world.install.install })

  /** A provisioner as after a start of its process, with everything that is there known. */
  async function start(change: Parameters<typeof startProvisioner>[1] = {}) {
    const opened = await world.open()
    const provisioner = startProvisioner(opened, { config: world.config, ...change })
    return {
      ...opened,
      ...provisioner,
      [Symbol.dispose]() {
        provisioner[Symbol.dispose]()
        opened[Symbol.dispose]()
      },
    }
  }

  async function tokenOf(who: SamplePerson, answer: TkaEvent | undefined): Promise<string> {
    const { request, session, sealed } = ofType(answer, 'dev.tka.session.granted.v1').data
    return (await who.key.open(sealed, { request, session, serviceAccount: who.subject })).token
  }

  /** What is left of a person, whoever made it. */
  async function leftovers(who: SamplePerson): Promise<readonly string[]> {
    const { sessions } = world.install.namespaces
    const list = async (path: string) => ((await world.admin.call('GET', path)) as { items: readonly Listed[] }).items
    const [accounts, ...bindings] = await Promise.all([
      list(`/api/v1/namespaces/${sessions}/serviceaccounts`),
      list('/apis/rbac.authorization.k8s.io/v1/rolebindings'),
      list('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'),
    ])
    const left = [
      ...accounts.filter(({ metadata }) => metadata.name === who.subject),
      ...bindings.flat().filter(({ subjects = [] }) => subjects.some(({ name }) => name === who.subject)),
    ]
    return left.map(({ metadata }) => metadata.name)
  }

  /** Handles an event in a process that dies at its nth write; says whether it lived long enough to answer. */
  async function handleAndDie(
    event: Parameters<Awaited<ReturnType<typeof start>>['handle']>[0],
    nth: number,
    moment: 'before' | 'after',
  ): Promise<boolean> {
    using opened = await world.open()
    const { cluster } = killAtWrite(opened.cluster, nth, moment)
    using dying = startProvisioner({ ...opened, cluster }, { config: world.config })
    try {
      await dying.handle(event)
      return true
    } catch (error) {
      assert.ok(error instanceof Killed, String(error))
      return false
    }
  }

  describe('for people at once', { concurrency: 4 }, () => {
    it('grants what works and takes it away within the logout', async () => {
      using provisioner = await start()
      const alice = await person('alice')
      const token = await tokenOf(alice, await provisioner.handle(alice.login()))
      assert.equal(await world.statusOf(token), 200)
      const { data } = ofType(await provisioner.handle(alice.logout()), 'dev.tka.session.ended.v1')
      assert.equal(data.hadAccess, true)
      assert.ok([401, 403].includes(await world.statusOf(token)))
      assert.deepEqual(await leftovers(alice), [])
    })

    it('makes one session of an event that comes a hundred times', async () => {
      using provisioner = await start()
      const bob = await person('bob')
      const event = bob.login()
      const answers = await Promise.all(Array.from({ length: 100 }, () => provisioner.handle(event)))
      const granted = answers.map(answer => ofType(answer, 'dev.tka.session.granted.v1').data)
      assert.deepEqual([...new Set(granted.map(({ session, validUntil }) => `${session} ${validUntil}`))].length, 1)
      assert.equal((await leftovers(bob)).length, 2)
    })

    it('grants nothing for a request that is posted again after the logout', async () => {
      using provisioner = await start()
      const dave = await person('dave')
      const event = dave.login()
      await provisioner.handle(event)
      await provisioner.handle(dave.logout())
      using restarted = await start()
      for (const again of [provisioner, restarted])
        assert.equal(ofType(await again.handle(event), 'dev.tka.session.denied.v1').data.code, 'superseded')
      assert.deepEqual(await leftovers(dave), [])
    })

    it('keeps the token of an ended session dead through the next login', async () => {
      using provisioner = await start()
      const erin = await person('erin')
      const before = await tokenOf(erin, await provisioner.handle(erin.login()))
      await provisioner.handle(erin.logout())
      const next = await tokenOf(erin, await provisioner.handle(erin.login()))
      assert.equal(await world.statusOf(next), 200)
      // It was never used, so the API server has no memory of it (its cache of good tokens lasts ten seconds).
      assert.equal(await world.statusOf(before), 401)
    })

    // Kubernetes' own limit: authentication is cached by token, and a binding names its ServiceAccount, not that one's UID.
    it('keeps a token that was used just before the logout dead but for the ten seconds that the API server remembers it', async () => {
      using provisioner = await start()
      const peggy = await person('peggy')
      const before = await tokenOf(peggy, await provisioner.handle(peggy.login()))
      assert.equal(await world.statusOf(before), 200)
      const usedAt = Date.now()
      await provisioner.handle(peggy.logout())
      assert.ok([401, 403].includes(await world.statusOf(before)))
      await provisioner.handle(peggy.login())
      const dead = async () => (await world.statusOf(before)) === 401 || 'it still works'
      await waitUntil('the old token is dead', dead, { timeoutMs: usedAt + 12_000 - Date.now(), everyMs: 250 })
    })

    it('takes access away though somebody made the Lease unreadable', async () => {
      using provisioner = await start()
      const rupert = await person('rupert')
      const token = await tokenOf(rupert, await provisioner.handle(rupert.login()))
      const path = `/apis/coordination.k8s.io/v1/namespaces/${world.install.namespaces.sessions}/leases/${rupert.subject}`
      const spoil = () =>
        world.admin.call('PATCH', path, {
          contentType: 'application/merge-patch+json',
          body: { metadata: { annotations: { 'tka.dev/phase': 'maybe' } } },
        })
      await spoil()
      ofType(await provisioner.handle(rupert.logout()), 'dev.tka.session.ended.v1')
      assert.deepEqual(await leftovers(rupert), [])
      assert.equal(await world.statusOf(token), 401)
      assert.match(provisioner.alarms.join(), /cannot be read/)

      await spoil()
      const swept = { ...rupert.logout({ reason: 'orphaned' }), source: sourceOf(cluster, 'sweeper') }
      assert.equal(await provisioner.handle(swept), undefined)
      await assert.rejects(
        world.admin.call('GET', path),
        { status: 404 },
        'with nothing under its name it goes as well',
      )
    })

    it('replaces a ServiceAccount that somebody put under a person’s name', async () => {
      using provisioner = await start()
      const frank = await person('frank')
      const { sessions } = world.install.namespaces
      await world.install.kubectl('create', 'serviceaccount', frank.subject, '--namespace', sessions)
      const adopted = await world.install.kubectl('create', 'token', frank.subject, '--namespace', sessions)
      const token = await tokenOf(frank, await provisioner.handle(frank.login()))
      assert.equal(await world.statusOf(token), 200)
      assert.equal(await world.statusOf(adopted.trim()), 401)
    })

    it('takes away a foreign binding, whatever it is called, before it grants', async () => {
      using provisioner = await start()
      const grace = await person('grace')
      await provisioner.handle(grace.login())
      const name = `${world.install.install}-foreign`
      await world.admin.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        impersonate: controller,
        body: {
          metadata: { name },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'ServiceAccount', name: grace.subject, namespace: world.install.namespaces.sessions }],
        },
      })
      await waitUntil(
        'the foreign binding is known',
        async () => provisioner.view.know(grace.subject).bindings.length > 1 || 'it is not',
      )
      await provisioner.handle(grace.login())
      assert.match(provisioner.alarms.join(), new RegExp(name))
      const left = await leftovers(grace)
      assert.equal(left.length, 2)
      assert.equal(left.includes(name), false)
    })

    it('answers no logout as done while a finalizer holds the binding, and kills the token all the same', async () => {
      using provisioner = await start()
      const heidi = await person('heidi')
      const token = await tokenOf(heidi, await provisioner.handle(heidi.login()))
      const [held] = provisioner.view.know(heidi.subject).bindings
      assert.ok(held)
      const path = `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${held.name}`
      const holdBy = (finalizers: readonly string[]) =>
        world.admin.call('PATCH', path, {
          impersonate: controller,
          contentType: 'application/merge-patch+json',
          body: { metadata: { finalizers } },
        })
      await holdBy(['example.com/hold'])
      const logout = heidi.logout()
      await assert.rejects(provisioner.handle(logout), (error: unknown) => {
        return error instanceof Problem && error.code === 'access-may-remain'
      })
      assert.match(provisioner.alarms.join(), /example.com\/hold/)
      assert.equal(await world.statusOf(token), 401)
      const denied = await provisioner.handle(heidi.login())
      assert.equal(ofType(denied, 'dev.tka.session.denied.v1').data.code, 'unavailable')

      await holdBy([])
      assert.equal(ofType(await provisioner.handle(logout), 'dev.tka.session.ended.v1').data.hadAccess, true)
      assert.deepEqual(await leftovers(heidi), [])
    })

    for (const moment of ['before', 'after'] as const) {
      it(`killed at any write of a login (${moment} it) and started again, has a working session`, async () => {
        for (let nth = 1; ; nth++) {
          const ivan = await person(`ivan-${moment}-${nth}`)
          const event = ivan.login({ namespaces: [team()] })
          const survived = await handleAndDie(event, nth, moment)
          using restarted = await start()
          await restarted.recover()
          const token = await tokenOf(ivan, await restarted.handle(event))
          assert.equal(await world.statusOf(token, team()), 200)
          assert.equal((await leftovers(ivan)).length, 2)
          await restarted.handle(ivan.logout())
          assert.deepEqual(await leftovers(ivan), [])
          if (survived) return
        }
      })

      it(`killed at any write of a logout (${moment} it) and started again, has left nothing`, async () => {
        for (let nth = 1; ; nth++) {
          const judy = await person(`judy-${moment}-${nth}`)
          using provisioner = await start()
          const token = await tokenOf(judy, await provisioner.handle(judy.login({ namespaces: [team()] })))
          const logout = judy.logout()
          const survived = await handleAndDie(logout, nth, moment)
          using restarted = await start()
          await restarted.recover()
          ofType(await restarted.handle(logout), 'dev.tka.session.ended.v1')
          assert.deepEqual(await leftovers(judy), [])
          assert.ok([401, 403].includes(await world.statusOf(token, team())))
          if (survived) return
        }
      })
    }

    it('lets two processes have a session made at the same time, and the sessions agree', async () => {
      using one = await start()
      using other = await start()
      const niaj = await person('niaj')
      const event = niaj.login()
      const answers = await Promise.all([one, other].map(({ handle }) => handle(event)))
      const tokens = await Promise.all(answers.map(answer => tokenOf(niaj, answer)))
      for (const token of tokens) assert.equal(await world.statusOf(token), 200)
      assert.equal((await leftovers(niaj)).length, 2)
    })

    it('proves the guard', async () => {
      using opened = await world.open()
      const deps = {
        config: world.config,
        now: Date.now,
        tryCreate: (path: string, body: unknown, options: { readonly signal: AbortSignal }) =>
          tryCreate(opened.kubernetes, path, body, options),
      }
      assert.equal(await doubtGuard(deps, AbortSignal.timeout(5_000)), undefined)
    })
  })

  // Timers and a start look at everybody: nobody else may be in the middle of something.
  describe('for everybody', () => {
    const aMinuteLater = () => Date.now() + 60_000

    it('ends a session at its second', async () => {
      using provisioner = await start()
      provisioner.startTimers()
      const carol = await person('carol')
      const answer = await provisioner.handle(carol.login({ period: 3 }))
      const token = await tokenOf(carol, answer)
      const endsAt = Date.parse(ofType(answer, 'dev.tka.session.granted.v1').data.validUntil)
      assert.equal(await world.statusOf(token), 200)
      const over = () => provisioner.announced.some(({ subject }) => subject === carol.subject)
      await waitUntil('the session is over', async () => over() || 'nothing announced', { timeoutMs: 15_000 })
      assert.ok(Date.now() >= endsAt && Date.now() < endsAt + 8_000, `ended ${Date.now() - endsAt} ms after its second`)
      assert.notEqual(await world.statusOf(token), 200)
      assert.deepEqual(await leftovers(carol), [])
    })

    it('ends at its start what nobody waits for any more', async () => {
      const mallory = await person('mallory')
      assert.equal(await handleAndDie(mallory.login(), 3, 'after'), false)
      assert.notDeepEqual(await leftovers(mallory), [])
      using restarted = await start({ now: aMinuteLater })
      await restarted.recover()
      assert.deepEqual(await leftovers(mallory), [])
    })

    it('ends by its timers what a start had no time for', async () => {
      const [trent, walter] = await Promise.all([person('trent'), person('walter')])
      assert.equal(await handleAndDie(trent.login(), 3, 'after'), false)
      using before = await start()
      ofType(await before.handle(walter.login({ period: 60 })), 'dev.tka.session.granted.v1')
      using restarted = await start({ now: aMinuteLater })
      await restarted.recover(AbortSignal.abort())
      restarted.startTimers()
      await waitUntil('nothing is left of either', async () => {
        const left = (await Promise.all([trent, walter].map(leftovers))).flat()
        return left.length === 0 || left.join()
      })
      assert.deepEqual(restarted.alarms, [])
    })
  })
})

interface Listed {
  readonly metadata: { readonly name: string }
  readonly subjects?: readonly { readonly name: string }[]
}

function ofType<T extends EventType>(event: TkaEvent | undefined, type: T): EventOf<T> {
  assert.ok(event && isOfType(event, type), `expected ${type}, got ${JSON.stringify(event?.data)}`)
  return event
}
