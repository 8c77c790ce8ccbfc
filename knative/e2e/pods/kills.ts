import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type FunctionName, functionNames } from '#events'
import type { SeenEvent } from '../../lab/install-tap.ts'
import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'
import { seeded } from './random.ts'
import { type Attempt, askKubeconfig, tryLogin, useAndLeave } from './try-login.ts'
import { whileUndeliverable } from './undeliverable.ts'
import { workOn } from './work-on.ts'

const view = { role: 'view', period: '8h' }
const names = ['otto', 'paula', 'quinn', 'ruth', 'sven']
const logins = 200

/** Pods that end without a word, whenever. */
export function killCases(openPods: () => PodInstall): void {
  describe('pods that are killed at random', () => {
    it(`${logins} logins: each ends usable or with nothing left`, async t => {
      const pods = openPods()
      await using stand = await standOn(pods)
      const seed = Number(process.env.TKA_SEED ?? randomInt(2 ** 32))
      t.diagnostic(`TKA_SEED=${seed}`)
      const kills = planKills(seeded(seed))
      const join = async (name: string) => ({ name, person: await stand.join(name, { rules: [view] }) })
      const people = await Promise.all(names.map(join))
      const tilda = await join('tilda')

      let begun = 0
      const attempts: Attempt[] = []
      const killed: Killed[] = []
      const logInInTurn = async ({ name, person }: { readonly name: string; readonly person: Person }) => {
        while (begun < logins) {
          const number = ++begun
          const planned = kills.filter(({ at }) => at === number)
          const killing = Promise.all(planned.map(each => kill(each, pods, tilda.person)))
          const [attempt, names] = await Promise.all([logInOnce(name, person, stand, pods), killing])
          attempts.push(attempt)
          killed.push(...names)
        }
      }
      await Promise.all(people.map(logInInTurn))
      const count = (kind: Attempt) => attempts.filter(attempt => attempt === kind).length
      t.diagnostic(`killed: ${killed.map(({ name, pods }) => `${name} (${pods.length})`).join(', ')}`)
      t.diagnostic(
        `${count('granted')} granted, ${count('later')} told to come back, ${count('lost')} connections lost`,
      )
      for (const name of functionNames)
        assert.ok(
          killed.some(kill => kill.name === name && kill.pods.length > 0),
          `no pod of ${name} was killed`,
        )

      // A request that was lost with its pod may be carried out late: whoever logs in again ends it.
      for (const { name, person } of [...people, tilda]) {
        await waitUntil(`${name} to log in`, async () => {
          const attempt = await logInOnce(name, person, stand, pods)
          return attempt === 'granted' || attempt
        })
        await nothingLeft(stand, name)
      }
    })

    it('deadletter, while it answers: another answers again, and whoever waits hears it once', async () => {
      const pods = openPods()
      const { functions } = pods.install
      await using stand = await standOn(pods)
      const thea = await stand.join('thea', { rules: [view] })
      const answeredAgain = Promise.withResolvers<void>()
      await using denials = await pods.install.subscribe({ types: [denied], hold: () => answeredAgain.promise })
      await whileUndeliverable(pods, async () => {
        const login = thea.login()
        const isHers = ({ subject }: SeenEvent) => subject === stand.serviceAccount('thea')
        const first = await denials.waitFor(isHers, { timeoutMs: patienceMs })
        // Its answer is held, so that it has yet to say that it took the event.
        const killed = await functions.pods('deadletter')
        assert.notDeepEqual(killed, [])
        await functions.kill('deadletter')
        const isAgain = (event: SeenEvent) => event.id !== first.id && requestOf(event) === requestOf(first)
        await denials.waitFor(isAgain, { timeoutMs: patienceMs })
        answeredAgain.resolve()
        assert.ok(!(await functions.pods('deadletter')).some(pod => killed.includes(pod)), 'by another pod')
        const { status, body } = await login
        assert.equal(status, 503, body)
      })
      await nothingLeft(stand, 'thea')
      const records = (await functions.logs('login'))
        .map(line => JSON.parse(line))
        .filter(({ kind, login }) => kind === 'audit' && login === 'thea@example.com')
      assert.deepEqual(
        records.map(({ action, decision, reason }) => [action, decision, reason]),
        [['login', 'failed', 'unavailable']],
      )
      assert.equal(await logInOnce('thea', thea, stand, pods), 'granted', 'the second answer is nobody’s')
    })
  })
}

const denied = 'dev.tka.session.denied.v1'
/** Retries, a start from zero, and the retries of what is delivered there. */
const patienceMs = 60_000

/** Id of the event that an answer is to. */
const requestOf = ({ body }: SeenEvent): unknown => JSON.parse(Buffer.from(body).toString()).request

interface Kill {
  readonly name: FunctionName
  /** How many logins have begun by then. */
  readonly at: number
  readonly afterMs: number
}

interface Killed {
  readonly name: FunctionName
  readonly pods: readonly string[]
}

/** Each function twice, in any order, at any of the logins; deadletter once, which turns everybody away for as long as that takes. */
function planKills(random: () => number): Kill[] {
  return [...functionNames, ...functionNames.filter(name => name !== 'deadletter')]
    .map(name => ({ name, at: 1 + Math.floor(random() * (logins - 1)), afterMs: Math.floor(random() * 100) }))
    .toSorted((a, b) => a.at - b.at)
}

/**
 * Kills the function's pods, as many as it has, after what starts one of those that may be at zero: a tick, or logins of `other` that
 * cannot be delivered. Resolves to what was killed.
 */
async function kill({ name, afterMs }: Kill, pods: PodInstall, other: Person): Promise<Killed> {
  const { functions, tick } = pods.install
  const now = async (): Promise<Killed> => {
    await delay(afterMs)
    const killed = await functions.pods(name)
    await functions.kill(name)
    return { name, pods: killed }
  }
  if (name === 'sweeper') await tick()
  if (name !== 'deadletter') return now()
  return whileUndeliverable(pods, async () => {
    await using logins = workOn(() => tryLogin(other))
    await waitUntil('deadletter to be started', async () => (await functions.pods(name)).length > 0 || 'it is at zero')
    const killed = await now()
    await logins.end()
    return killed
  })
}

/** One login to its end: used and left where there is a session, also one whose answer was lost; nothing left where there is none. */
async function logInOnce(name: string, person: Person, stand: Stand, { cluster }: PodInstall): Promise<Attempt> {
  const attempt = await tryLogin(person)
  if (attempt !== 'later') {
    const { status, body } = await askKubeconfig(person)
    assert.ok(status === 200 || (attempt === 'lost' && status === 401), `${attempt}, then ${status} ${body}`)
    if (status === 200) await useAndLeave(body, person, cluster)
  }
  if (attempt !== 'granted') await nothingLeft(stand, name)
  return attempt
}

/** Longer than a session may take that a provisioner has yet to start for. */
async function nothingLeft(stand: Stand, name: string): Promise<void> {
  await waitUntil(`nothing of ${name} is left`, async () => (await stand.objectsOf(name)).join(', ') || true, {
    everyMs: 500,
  })
}
