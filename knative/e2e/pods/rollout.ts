import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../../cluster/cluster.ts'
import type { EventTap } from '../../lab/install-tap.ts'
import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'
import { loginNode, nodeHolder } from './login-node.ts'
import { type Attempt, askKubeconfig, tryLogin, useAndLeave } from './try-login.ts'

const view = { role: 'view', period: '8h' }
const names = ['ines', 'jonas', 'kira', 'leo']

/** What a new pod of login changes for people and for the tailnet: nothing. */
export function rolloutCases(openPods: () => PodInstall): void {
  describe('the pod of login is replaced', () => {
    it('by a rollout, while people log in: one tailnet node, no login lost or answered twice', async t => {
      const pods = openPods()
      await using stand = await standOn(pods)
      const people = await Promise.all(names.map(name => stand.join(name, { rules: [view] })))
      const node = await loginNode(pods)

      let rolling = true
      const rollout = rollOut(pods).finally(() => {
        rolling = false
      })
      const [both, ...tries] = await Promise.all([
        rollout,
        ...people.map(person => logInWhile(() => rolling, person, pods.cluster)),
      ])
      const attempts = tries.flat()
      const count = (kind: Attempt) => attempts.filter(attempt => attempt === kind).length
      t.diagnostic(
        `${count('granted')} granted, ${count('later')} told to come back, ${count('lost')} connections lost`,
      )

      assert.ok(both, 'two pods for a while')
      assert.deepEqual(await loginNode(pods), node)
      assertOneGrantEach(stand.tap, names.map(stand.serviceAccount), {
        told: count('granted'),
        unsure: count('later'),
      })
      for (const name of names) await stand.nothingLeftOf(name)
    })

    it('after a kill: the same tailnet node comes back from its Secret', async () => {
      const pods = openPods()
      await using stand = await standOn(pods)
      const mona = await stand.join('mona', { rules: [view] })
      const node = await loginNode(pods)
      const holder = await nodeHolder(pods)
      await pods.install.functions.kill('login')
      await waitUntil('another pod to hold the Lease', async () => (await nodeHolder(pods)) !== holder || `${holder}`)
      await waitUntil('mona to log in', async () => {
        const attempt = await tryLogin(mona)
        return attempt === 'granted' || attempt
      })
      const { status, body } = await askKubeconfig(mona)
      assert.equal(status, 200, body)
      await useAndLeave(body, mona, pods.cluster)
      assert.deepEqual(await loginNode(pods), node)
    })
  })
}

/** Replaces the pod; resolves, once a new one is the tailnet node and the old one is gone, to whether both were seen at once. */
async function rollOut(pods: PodInstall): Promise<boolean> {
  const { install } = pods
  const old = await nodeHolder(pods)
  assert.ok(old)
  const before = await install.functions.pods('login')
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() }
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } })
  await install.kubectl('patch', 'ksvc', 'login', '-n', install.namespaces.system, '--type=merge', '-p', patch)
  let both = false
  await waitUntil(
    'a new pod that is the tailnet node, alone',
    async () => {
      const now = await install.functions.pods('login')
      const fresh = now.filter(pod => !before.includes(pod))
      both ||= fresh.length > 0 && now.includes(old)
      if (now.includes(old)) return `pods: ${now.join(', ')}`
      const holder = await nodeHolder(pods)
      return (holder !== undefined && fresh.includes(holder)) || `the Lease is held by ${holder ?? 'nobody'}`
    },
    { timeoutMs: 120_000, everyMs: 250 },
  )
  return both
}

/** For so long a person may be without an answer: a pod starts, and waits for the old one to finish what is held. */
const patienceMs = 90_000

/** Logs in, uses the session, and logs out, at least twice; whoever is told to come back does, and is let in. */
async function logInWhile(still: () => boolean, person: Person, cluster: Cluster): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = []
  let grantedAt = Date.now()
  for (let granted = 0; granted < 2 || still(); ) {
    const attempt = await tryLogin(person)
    if (attempt === 'later') assert.notEqual(attempts.at(-1), 'later', 'the next try works')
    attempts.push(attempt)
    if (attempt === 'granted') {
      granted += 1
      const { status, body } = await askKubeconfig(person)
      assert.equal(status, 200, body)
      await useAndLeave(body, person, cluster)
      grantedAt = Date.now()
    } else {
      assert.ok(Date.now() - grantedAt < patienceMs, attempts.join(', '))
      await delay(1_000)
    }
  }
  return attempts
}

/** Every request that was granted was so by one event and its person told; those of lost connections had not begun. */
function assertOneGrantEach(
  tap: EventTap,
  people: readonly string[],
  { told, unsure }: { readonly told: number; readonly unsure: number },
): void {
  const grants = tap.events
    .filter(({ type, subject }) => type === 'dev.tka.session.granted.v1' && people.includes(subject ?? ''))
    .map(({ body }) => JSON.parse(Buffer.from(body).toString()).request)
  assert.equal(new Set(grants).size, grants.length, 'a request was granted twice')
  assert.ok(grants.length >= told && grants.length <= told + unsure, `${grants.length} events for ${told} logins`)
}
