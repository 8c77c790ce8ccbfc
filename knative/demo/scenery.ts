import { startLab } from '../lab/index.ts'
import { type Install, installTka } from '../lab/install.ts'
import type { Lab } from '../lab/lab.ts'
import { joinPerson, type Person } from '../lab/person.ts'
import { funnelHelperEnv } from '../lab/through-funnel.ts'

/** The lab with TKA installed under its usual names, and four people at their laptops. */
export interface Scenery extends AsyncDisposable {
  readonly lab: Lab
  readonly install: Install
  /** view for 8 h. */
  readonly alice: Person
  /** No rule. */
  readonly bob: Person
  /** A tagged node. */
  readonly robot: Person
  /** view for {@link shortSeconds}. */
  readonly carol: Person
}

/** How long a session of carol's lasts, in seconds: the configured minimum is lowered for it. */
export const shortSeconds = 5

/** Starts everything, or nothing: what was begun ends when something fails or `signal` aborts. */
export async function openScenery(progress: (line: string) => void, signal: AbortSignal): Promise<Scenery> {
  await using begun = new AsyncDisposableStack()
  const lab = begun.use(await startLab({ progress, signal }))
  const install = begun.use(
    await installTka(lab, {
      install: 'tka',
      roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }],
      config: { cluster: 'demo', homeDomain: 'example.com', period: { minimum: '1s', maximum: '8h' } },
      imageEnv: await funnelHelperEnv(),
      progress,
      signal,
    }),
  )
  const view = { role: 'view', period: '8h' }
  const join = async (name: string, rules: readonly unknown[], tags?: readonly string[]): Promise<Person> => {
    signal.throwIfAborted()
    const whose = tags === undefined ? { login: `${name}@example.com` } : { tags }
    return begun.use(await joinPerson(lab, install, { hostname: `${name}-laptop`, rules, ...whose }))
  }
  const alice = await join('alice', [view])
  const bob = await join('bob', [])
  const robot = await join('robot', [view], ['tag:ci'])
  const carol = await join('carol', [{ role: 'view', period: `${shortSeconds}s` }])
  const all = begun.move()
  return { lab, install, alice, bob, robot, carol, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
