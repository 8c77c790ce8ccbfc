import type { FunctionName } from '#events'
import type { EventTap } from '../lab/install-tap.ts'
import { joinPerson, type Person, type PersonOptions, type Place } from '../lab/person.ts'
import { waitUntil } from '../lab/wait-until.ts'

/** TKA on real parts with a subscriber that sees every event: what an end-to-end test stands on. */
export interface Stand extends AsyncDisposable {
  readonly install: StandInstall
  readonly functions: StandFunctions
  readonly tap: EventTap
  /** A person of this install; their hostname is made unique with the install's name. */
  join(name: string, options?: Omit<PersonOptions, 'hostname'>): Promise<Person>
  /** Suspends the CronJob: from here on only {@link StandInstall.tick} ticks. */
  stopTicking(): Promise<void>
  /** Name of the person's ServiceAccount: `<install>-user-<name>`. */
  serviceAccount(name: string): string
  /** What is in the cluster under that person's name: ServiceAccount and bindings, never the Lease. */
  objectsOf(name: string): Promise<readonly string[]>
  /** Waits until nothing is under that person's name, 15 s at most. */
  nothingLeftOf(name: string): Promise<void>
  /** Waits until the API server refuses a person's token, 15 s unless told otherwise. */
  refused(person: Person, kubeconfig: string, options?: { readonly timeoutMs: number }): Promise<void>
}

/** An install of TKA, wherever it runs. */
interface StandInstall {
  /** Begins every name of this install. */
  readonly install: string
  readonly cluster: string
  readonly namespaces: { readonly system: string; readonly sessions: string }
  /** Name of login's node in the tailnet. */
  readonly hostname: string
  /** Runs kubectl with full rights; resolves to its standard output. */
  kubectl(...args: readonly string[]): Promise<string>
  /** Makes a Job of the CronJob now and waits until it has succeeded. */
  tick(): Promise<void>
}

/** The functions of an install, whatever runs them. */
interface StandFunctions {
  /** 0 stops the function, 1 starts it; resolves when that is so. */
  scale(name: FunctionName, replicas: 0 | 1): Promise<void>
  /** Everything the function has written, line by line. */
  logs(name: FunctionName): Promise<readonly string[]>
}

/** How a lane gives a stand to the cases that every lane runs; the configuration is that of config.yaml. */
export type OpenStand = (options?: { readonly config?: Readonly<Record<string, unknown>> }) => Promise<Stand>

/** What a stand is made of; disposing of the stand is its maker's to say. */
export interface StandParts {
  readonly place: Place
  readonly install: StandInstall
  readonly functions: StandFunctions
  readonly tap: EventTap
}

/** A stand whose people go with it, before the rest. */
export function makeStand({ place, install, functions, tap }: StandParts, rest: AsyncDisposable): Stand {
  const { install: prefix, namespaces } = install
  const people = new AsyncDisposableStack()
  people.use(rest)
  const objectsOf: Stand['objectsOf'] = async name => {
    const lists = await Promise.all([
      install.kubectl('get', 'serviceaccount', '-n', namespaces.sessions, '-o', 'name'),
      install.kubectl('get', 'clusterrolebinding,rolebinding', '-A', '-o', 'name'),
    ])
    return lists.flatMap(list => list.split('\n')).filter(object => object.includes(`${prefix}-user-${name}`))
  }
  return {
    install,
    functions,
    tap,
    join: async (name, person) =>
      people.use(
        await joinPerson(place, install, {
          hostname: `${name}-${prefix}`,
          ...(person?.tags === undefined ? { login: `${name}@example.com` } : {}),
          ...person,
        }),
      ),
    stopTicking: async () => {
      const suspend = JSON.stringify({ spec: { suspend: true } })
      await install.kubectl('patch', 'cronjob', 'tick', '-n', namespaces.system, '-p', suspend)
    },
    serviceAccount: name => `${prefix}-user-${name}`,
    objectsOf,
    nothingLeftOf: name =>
      waitUntil(`nothing of ${name} is left`, async () => (await objectsOf(name)).join(', ') || true, {
        timeoutMs: 15_000,
      }),
    refused: (person, kubeconfig, options = { timeoutMs: 15_000 }) =>
      waitUntil(
        `the token in ${kubeconfig} is refused`,
        async () => (await person.kubectl(kubeconfig, 'get', 'pods')).code !== 0 || 'it still works',
        options,
      ),
    [Symbol.asyncDispose]: () => people.disposeAsync(),
  }
}
