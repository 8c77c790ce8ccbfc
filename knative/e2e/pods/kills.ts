import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type FunctionName, functionNames } from '#events'
import type { Person } from '../../lab/person.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'
import { seeded } from './random.ts'
import { type Attempt, askKubeconfig, tryLogin, useAndLeave } from './try-login.ts'

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
      const people = await Promise.all(
        names.map(async name => ({ name, person: await stand.join(name, { rules: [view] }) })),
      )

      let begun = 0
      const attempts: Attempt[] = []
      const killed: string[] = []
      const logInInTurn = async ({ name, person }: { readonly name: string; readonly person: Person }) => {
        while (begun < logins) {
          const number = ++begun
          const planned = kills.filter(({ at }) => at === number)
          const killing = Promise.all(planned.map(each => kill(pods, each)))
          const [attempt, names] = await Promise.all([logInOnce(name, person, stand, pods), killing])
          attempts.push(attempt)
          killed.push(...names)
        }
      }
      await Promise.all(people.map(logInInTurn))
      const count = (kind: Attempt) => attempts.filter(attempt => attempt === kind).length
      t.diagnostic(`killed: ${killed.join(', ')}`)
      t.diagnostic(
        `${count('granted')} granted, ${count('later')} told to come back, ${count('lost')} connections lost`,
      )

      // A request that was lost with its pod may be carried out late: whoever logs in again ends it.
      for (const { name, person } of people) {
        await waitUntil(`${name} to log in`, async () => {
          const attempt = await logInOnce(name, person, stand, pods)
          return attempt === 'granted' || attempt
        })
        await nothingLeft(stand, name)
      }
    })
  })
}

interface Kill {
  readonly name: FunctionName
  /** How many logins have begun by then. */
  readonly at: number
  readonly afterMs: number
}

/** Each function twice, in any order, at any of the logins. */
function planKills(random: () => number): Kill[] {
  return [...functionNames, ...functionNames]
    .map(name => ({ name, at: 1 + Math.floor(random() * (logins - 1)), afterMs: Math.floor(random() * 100) }))
    .toSorted((a, b) => a.at - b.at)
}

/** Kills the function's pods, as many as it has; a tick wakes the sweeper before. Resolves to what was killed. */
async function kill({ install: { functions, tick } }: PodInstall, { name, afterMs }: Kill): Promise<string> {
  if (name === 'sweeper') await tick()
  await delay(afterMs)
  const killed = await functions.pods(name)
  await functions.kill(name)
  return `${name} (${killed.length})`
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
