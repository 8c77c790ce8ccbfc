import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sessionBindings } from './binding-names.ts'
import type { WantedSession } from './plan-login.ts'
import { createModelCluster, type ModelCluster } from './testing/model-cluster.ts'
import { Crash, runPlans } from './testing/run-plans.ts'
import { hour, limits, minute, second, start, wantedSession } from './testing/sample-session.ts'

const alice = 'tka-user-alice'

/** A world with a clock of its own. */
function world() {
  let time = start
  const now = () => time
  const cluster = createModelCluster(now)
  return {
    cluster,
    now,
    limits,
    pass: (ms: number) => {
      time += ms
    },
    run: (actions?: number) => runPlans({ cluster, now, limits, ...(actions === undefined ? {} : { actions }) }),
  }
}

/** What a wish number `n` is: a login with one of a few rights, or a logout. */
const logins: readonly Partial<WantedSession>[] = [
  { role: 'view' },
  { role: 'edit', namespaces: ['a', 'b'] },
  { role: 'view', namespaces: ['a'] },
]
const sequence = (n: number) => String(n).padStart(16, '0')
const loginWish = (n: number, rights: Partial<WantedSession>) =>
  wantedSession({ request: `0193-request-${n}`, sequence: sequence(n), ...rights })
const logoutWish = (n: number) => ({ reason: 'logout' as const, request: `logout-${n}`, sequence: sequence(n) })

function assertWorking(cluster: ModelCluster, wanted: WantedSession): void {
  const { lease, serviceAccount, bindings } = cluster.observe(alice)
  assert.ok(lease?.phase === 'live', 'the Lease is live')
  assert.equal(lease.request, wanted.request)
  assert.equal(lease.validUntil, wanted.validUntil)
  assert.equal(lease.role, wanted.role)
  assert.deepEqual(lease.namespaces, wanted.namespaces)
  assert.equal(serviceAccount?.uid, lease.serviceAccountUid)
  assert.deepEqual(
    bindings.map(({ name, namespace }) => (namespace ? { name, namespace } : { name })).toSorted(byName),
    sessionBindings(alice, lease.session, wanted.namespaces).toSorted(byName),
  )
  for (const object of [serviceAccount, ...bindings]) assert.equal(object?.validUntil, wanted.validUntil)
}

function assertNothingLeft(cluster: ModelCluster): void {
  const { lease, serviceAccount, bindings } = cluster.observe(alice)
  assert.ok(lease === undefined || lease.phase === 'ended', `the Lease is ${lease?.phase}`)
  assert.equal(serviceAccount, undefined)
  assert.deepEqual(bindings, [])
}

const byName = (a: { readonly namespace?: string }, b: { readonly namespace?: string }) =>
  (a.namespace ?? '').localeCompare(b.namespace ?? '')

describe('a login', () => {
  it('makes a session', () => {
    const { cluster, run } = world()
    assert.equal(run().login(wantedSession()), 'granted')
    assertWorking(cluster, wantedSession())
  })

  it('is granted again when it comes again, without a single write', () => {
    const { cluster, run } = world()
    run().login(wantedSession())
    const before = cluster.version()
    for (let again = 0; again < 100; again++) assert.equal(run().login(wantedSession()), 'granted')
    assert.equal(cluster.version(), before)
  })

  it('keeps the ServiceAccount of a session that it extends', () => {
    const { cluster, run, pass } = world()
    run().login(loginWish(1, {}))
    const before = cluster.observe(alice).serviceAccount?.uid
    pass(hour)
    const second = { ...loginWish(2, { askedAt: start + hour }) }
    assert.equal(run().login(second), 'granted')
    assertWorking(cluster, second)
    assert.equal(cluster.observe(alice).serviceAccount?.uid, before)
    assert.equal(cluster.observe(alice).lease?.session, '0193-request-1')
  })

  it('from another device never shortens the session that it shares, and from the one that gave its end does', () => {
    const { cluster, run } = world()
    const end = () => {
      const { lease, bindings } = cluster.observe(alice)
      assert.ok(lease?.phase === 'live' && bindings.every(({ validUntil }) => validUntil === lease.validUntil))
      return [lease.validUntil, lease.extendedBy]
    }
    const login = (sequence: number, node: string, hours: number) =>
      assert.equal(run().login(loginWish(sequence, { node, validUntil: start + hours * hour })), 'granted')
    login(1, 'laptop', 4)
    login(2, 'phone', 1)
    assert.deepEqual(end(), [start + 4 * hour, undefined])
    login(3, 'tablet', 6)
    assert.deepEqual(end(), [start + 6 * hour, 'tablet'])
    login(4, 'laptop', 5)
    assert.deepEqual(end(), [start + 6 * hour, 'tablet'])
    login(5, 'tablet', 3)
    assert.deepEqual(end(), [start + 3 * hour, 'tablet'])
    login(6, 'laptop', 4)
    assert.deepEqual(end(), [start + 4 * hour, undefined])
    assert.equal(cluster.observe(alice).lease?.session, '0193-request-1')
  })

  const others: readonly [string, Partial<WantedSession>][] = [
    ['another role', { role: 'edit' }],
    ['other namespaces', { namespaces: ['a'] }],
    ['another user id under the same name', { userId: '8' }],
    ['an end beyond the longest session', { validUntil: start + 25 * hour }],
  ]
  for (const [what, change] of others) {
    it(`with ${what} begins a session with another ServiceAccount`, () => {
      const { cluster, run } = world()
      run().login(loginWish(1, {}))
      const before = cluster.observe(alice).serviceAccount?.uid
      const wanted = loginWish(2, change)
      assert.equal(run().login(wanted), 'granted')
      assert.notEqual(cluster.observe(alice).serviceAccount?.uid, before)
      assertWorking(cluster, wanted)
    })
  }

  it('is denied without a write when a later wish was seen', () => {
    const { cluster, run } = world()
    run().login(loginWish(2, {}))
    const before = cluster.version()
    assert.equal(run().login(loginWish(1, { role: 'edit' })), 'denied')
    assert.equal(cluster.version(), before)
  })

  it('that was captured grants nothing after the logout', () => {
    const { cluster, run } = world()
    run().login(loginWish(1, {}))
    run().revoke(alice, logoutWish(2))
    assert.equal(run().login(loginWish(1, {})), 'denied')
    assertNothingLeft(cluster)
  })

  it('is denied once nobody waits for it', () => {
    const { cluster, run, pass } = world()
    pass(25 * second)
    assert.equal(run().login(wantedSession()), 'denied')
    assert.equal(cluster.version(), 0)
  })

  it('is not committed when the wait ended while its objects were made, and leaves nothing', () => {
    const { cluster, now, pass } = world()
    const slow = {
      ...cluster,
      createBinding: (...made: Parameters<typeof cluster.createBinding>) => {
        pass(25 * second)
        return cluster.createBinding(...made)
      },
    }
    assert.equal(runPlans({ cluster: slow, now, limits }).login(wantedSession()), 'denied')
    assertNothingLeft(cluster)
  })

  it('is denied when another request has the same sequence', () => {
    const { cluster, run } = world()
    assert.throws(() => run(2).login(loginWish(1, {})), Crash)
    assert.equal(run().login({ ...loginWish(1, {}), request: 'another' }), 'denied')
    assert.equal(run().login(loginWish(1, {})), 'granted')
    assert.equal(run().login({ ...loginWish(1, {}), request: 'another' }), 'denied')
    assertWorking(cluster, loginWish(1, {}))
  })

  it('begins another session where a binding of the live one is gone: an extension never creates one', () => {
    const { cluster, run } = world()
    run().login(loginWish(1, { namespaces: ['a', 'b'] }))
    const [binding] = cluster.bindings.values()
    assert.ok(binding)
    cluster.deleteBinding(binding)
    const wanted = loginWish(2, { namespaces: ['a', 'b'] })
    assert.equal(run().login(wanted), 'granted')
    assert.equal(cluster.observe(alice).lease?.session, wanted.request)
    assertWorking(cluster, wanted)
  })

  it('takes over from an extension that was never carried through, and stays in its session', () => {
    for (const actions of [1, 2, 3]) {
      const { cluster, run } = world()
      run().login(loginWish(1, {}))
      assert.throws(() => run(actions).login(loginWish(2, { validUntil: start + 9 * hour })), Crash)
      const wanted = loginWish(3, { validUntil: start + 10 * hour })
      assert.equal(run().login(wanted), 'granted')
      assertWorking(cluster, wanted)
      assert.equal(cluster.observe(alice).lease?.session, '0193-request-1')
    }
  })

  it('ends an object that it finds under its name and did not make', () => {
    const { cluster, run } = world()
    const adopted = cluster.createServiceAccount(alice, loginWish(9, {}) as never)
    assert.equal(run().login(wantedSession()), 'granted')
    assert.notEqual(cluster.observe(alice).serviceAccount?.uid, adopted.uid)
    assertWorking(cluster, wantedSession())
  })

  it('takes a foreign binding away that it finds by its subject', () => {
    const { cluster, run } = world()
    const made = cluster.createBinding({ name: 'evil' }, alice, { ...loginWish(9, {}) } as never)
    cluster.bindings.set('/evil', { ...made, ours: false })
    assert.equal(run().login(wantedSession()), 'granted')
    assertWorking(cluster, wantedSession())
  })
})

describe('a logout', () => {
  it('leaves nothing, and a second one writes nothing', () => {
    const { cluster, run } = world()
    run().login(loginWish(1, { namespaces: ['a', 'b'] }))
    assert.equal(run().revoke(alice, logoutWish(2)), 'ended')
    assertNothingLeft(cluster)
    const before = cluster.version()
    assert.equal(run().revoke(alice, logoutWish(2)), 'ended')
    assert.equal(cluster.version(), before)
  })

  it('that overtakes its login keeps that login from having an effect', () => {
    const { cluster, run } = world()
    run().revoke(alice, logoutWish(2))
    assert.equal(run().login(loginWish(1, {})), 'denied')
    assertNothingLeft(cluster)
  })

  it('that is older than the session ends nothing', () => {
    const { cluster, run } = world()
    run().login(loginWish(3, {}))
    assert.equal(run().revoke(alice, logoutWish(2)), 'superseded')
    assertWorking(cluster, loginWish(3, {}))
  })

  it('for a lost grant ends only the session that lost it', () => {
    const { cluster, run } = world()
    run().login(loginWish(1, {}))
    const lost = { reason: 'grant-lost' as const, request: 'r', sequence: sequence(2) }
    assert.equal(run().revoke(alice, { ...lost, session: 'another' }), 'superseded')
    assertWorking(cluster, loginWish(1, {}))
    assert.equal(run().revoke(alice, { ...lost, session: '0193-request-1' }), 'ended')
    assertNothingLeft(cluster)
  })
})

describe('a sweep', () => {
  const sweep = { reason: 'expired' as const, request: 'sweep' }

  it('ends nothing that lives', () => {
    const { cluster, run } = world()
    run().login(wantedSession())
    assert.equal(run().revoke(alice, sweep), 'nothing')
    assertWorking(cluster, wantedSession())
  })

  it('ends what is past due', () => {
    const { cluster, run, pass } = world()
    run().login(wantedSession())
    pass(8 * hour)
    assert.equal(run().revoke(alice, sweep), 'ended')
    assertNothingLeft(cluster)
  })

  it('removes the Lease of an ended session, but not before ten minutes', () => {
    const { cluster, run, pass } = world()
    run().login(loginWish(1, {}))
    run().revoke(alice, logoutWish(2))
    pass(10 * minute - second)
    run().revoke(alice, sweep)
    assert.ok(cluster.leases.has(alice))
    pass(second)
    run().revoke(alice, sweep)
    assert.ok(!cluster.leases.has(alice))
  })
})

const wish = fc.oneof(
  fc.record({ kind: fc.constant('login' as const), rights: fc.constantFrom(...logins) }),
  fc.record({ kind: fc.constant('logout' as const) }),
)

/** Wishes numbered in the order they were made, delivered in any order and any number of times. */
const deliveries = fc
  .array(wish, { minLength: 1, maxLength: 5 })
  .chain(wishes =>
    fc
      .tuple(
        fc.shuffledSubarray([...wishes.keys()], { minLength: wishes.length, maxLength: wishes.length }),
        fc.array(fc.nat({ max: wishes.length - 1 }), { maxLength: 4 }),
      )
      .map(([once, again]) => ({ wishes, order: [...once, ...again] })),
  )

type Wish = { kind: 'login'; rights: Partial<WantedSession> } | { kind: 'logout' }

function deliver(runner: ReturnType<typeof runPlans>, wishes: readonly Wish[], index: number): void {
  const wished = wishes[index]
  if (wished?.kind === 'login') runner.login(loginWish(index + 1, wished.rights))
  else runner.revoke(alice, logoutWish(index + 1))
}

function assertLastWish(cluster: ModelCluster, wishes: readonly Wish[]): void {
  const last = wishes.at(-1)
  if (last?.kind === 'login') assertWorking(cluster, loginWish(wishes.length, last.rights))
  else assertNothingLeft(cluster)
}

describe('any order of logins and logouts', () => {
  it('ends as the last wish wanted it', () => {
    fc.assert(
      fc.property(deliveries, ({ wishes, order }) => {
        const { cluster, run } = world()
        for (const index of order) deliver(run(), wishes, index)
        assertLastWish(cluster, wishes)
      }),
      { numRuns: 300 },
    )
  })

  it('ends as the last wish wanted it though the process dies anywhere and every event comes again', () => {
    fc.assert(
      fc.property(
        deliveries,
        fc.array(fc.nat({ max: 12 }), { minLength: 9, maxLength: 9 }),
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        ({ wishes, order }, deaths, restarted) => {
          const { cluster, run } = world()
          const again: number[] = []
          for (const [at, index] of order.entries()) {
            try {
              deliver(run(deaths[at]), wishes, index)
            } catch (error) {
              if (!(error instanceof Crash)) throw error
              again.push(index)
              if (restarted[at]) run().recover(alice)
            }
          }
          run().recover(alice)
          for (const index of again) deliver(run(), wishes, index)
          assertLastWish(cluster, wishes)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('a process that dies between any two writes of a login', () => {
  const cases: readonly [string, readonly WantedSession[]][] = [
    ['of a first session', [loginWish(1, { namespaces: ['a', 'b'] })]],
    ['that extends a session', [loginWish(1, {}), loginWish(2, { validUntil: start + 9 * hour })]],
    ['that replaces a session', [loginWish(1, { namespaces: ['a', 'b'] }), loginWish(2, { role: 'edit' })]],
  ]
  for (const [what, wishes] of cases) {
    for (const redelivered of [true, false]) {
      it(`${what} leaves, ${redelivered ? 'when the event comes again, a working session' : 'with nobody waiting, a working session or nothing'}`, () => {
        for (let actions = 0; actions < 30; actions++) {
          const { cluster, run, pass } = world()
          const earlier = wishes.slice(0, -1)
          const last = wishes.at(-1)
          assert.ok(last)
          for (const wanted of earlier) run().login(wanted)
          let died = false
          try {
            run(actions).login(last)
          } catch (error) {
            if (!(error instanceof Crash)) throw error
            died = true
          }
          if (redelivered) {
            run().recover(alice)
            assert.equal(run().login(last), 'granted')
            assertWorking(cluster, last)
          } else {
            pass(minute)
            run().recover(alice)
            const { lease } = cluster.observe(alice)
            const working = [...wishes].find(({ request }) => lease?.phase === 'live' && lease.request === request)
            if (working) assertWorking(cluster, working)
            else assertNothingLeft(cluster)
          }
          if (!died) return
        }
        assert.fail('a login never came to its end')
      })
    }
  }

  it('of a logout leaves nothing once it is started again', () => {
    for (let actions = 0; actions < 30; actions++) {
      const { cluster, run } = world()
      run().login(loginWish(1, { namespaces: ['a', 'b'] }))
      try {
        run(actions).revoke(alice, logoutWish(2))
        assertNothingLeft(cluster)
        return
      } catch (error) {
        if (!(error instanceof Crash)) throw error
      }
      run().recover(alice)
      if (actions > 0) assertNothingLeft(cluster)
      run().revoke(alice, logoutWish(2))
      assertNothingLeft(cluster)
    }
    assert.fail('a logout never came to its end')
  })
})
