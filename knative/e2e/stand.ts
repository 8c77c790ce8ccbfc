import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type FunctionName, functionNames, type HttpMessage, importSigningKey, type SigningKey } from '#events'
import { type Lab, startLab } from '../lab/index.ts'
import { type EventTap, type Install, type InstallOptions, installTka, type SeenEvent } from '../lab/install.ts'
import { joinPerson, type Person, type PersonOptions } from '../lab/person.ts'
import { unlimited } from '../lab/unlimited.ts'
import { waitUntil } from '../lab/wait-until.ts'

/** TKA in the lab with a subscriber that sees every event: what an end-to-end test stands on. */
export interface Stand extends AsyncDisposable {
  readonly lab: Lab
  readonly install: Install
  readonly tap: EventTap
  /** A person of this install; their hostname is made unique with the install's name. */
  join(name: string, options?: Omit<PersonOptions, 'hostname'>): Promise<Person>
  /** Name of the person's ServiceAccount: `<install>-user-<name>`. */
  serviceAccount(name: string): string
  /** The key of a function, as a thief would have it. */
  stolenKey(owner: FunctionName): Promise<SigningKey>
  /** POSTs a message to a function's own port, past the Broker. */
  post(target: FunctionName, message: HttpMessage): Promise<Posted>
  /** What is in the cluster under that person's name: ServiceAccount and bindings, never the Lease. */
  objectsOf(name: string): Promise<readonly string[]>
  /** Waits until nothing is under that person's name, 15 s at most. */
  nothingLeftOf(name: string): Promise<void>
  /** Waits until the API server refuses a person's token, 15 s at most. */
  refused(person: Person, kubeconfig: string): Promise<void>
}

/** How a function answered an event. */
interface Posted {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Everybody of `example.com` may have `view`, once a rule says so; sessions of a second, and any number of requests, are allowed. */
const defaults: InstallOptions = {
  roles: [
    { name: 'view', scope: 'cluster', maxPeriod: '8h' },
    { name: 'edit', scope: 'namespaced', maxPeriod: '8h' },
  ],
  config: { homeDomain: 'example.com', period: { minimum: '1s', maximum: '8h' }, login: { limits: unlimited } },
}

/** Starts (or joins) the lab and installs TKA in it. */
export async function openStand(options: InstallOptions = {}): Promise<Stand> {
  await using stack = new AsyncDisposableStack()
  const lab = stack.use(await startLab())
  const install = stack.use(
    await installTka(lab, { ...defaults, ...options, config: { ...defaults.config, ...options.config } }),
  )
  const tap = stack.use(await install.subscribe())
  const people = stack.move()
  const { install: prefix, shadow, keysDir, namespaces } = install
  const objectsOf: Stand['objectsOf'] = async name => {
    const lists = await Promise.all([
      install.kubectl('get', 'serviceaccount', '-n', namespaces.sessions, '-o', 'name'),
      install.kubectl('get', 'clusterrolebinding,rolebinding', '-A', '-o', 'name'),
    ])
    return lists.flatMap(list => list.split('\n')).filter(object => object.includes(`${prefix}-user-${name}`))
  }
  return {
    lab,
    install,
    tap,
    join: async (name, person) =>
      people.use(
        await joinPerson(lab, install, {
          hostname: `${name}-${prefix}`,
          ...(person?.tags === undefined ? { login: `${name}@example.com` } : {}),
          ...person,
        }),
      ),
    serviceAccount: name => `${prefix}-user-${name}`,
    stolenKey: async owner => importSigningKey(JSON.parse(await readFile(join(keysDir, `${owner}.jwk.json`), 'utf8'))),
    post: async (target, message) => {
      const port = shadow.port(target)
      if (port === undefined) throw new Error(`${target} is not running`)
      return post(port, message)
    },
    objectsOf,
    nothingLeftOf: name =>
      waitUntil(`nothing of ${name} is left`, async () => (await objectsOf(name)).join(', ') || true, {
        timeoutMs: 15_000,
      }),
    refused: (person, kubeconfig) =>
      waitUntil(
        `the token in ${kubeconfig} is refused`,
        async () => (await person.kubectl(kubeconfig, 'get', 'pods')).code !== 0 || 'it still works',
        { timeoutMs: 15_000 },
      ),
    [Symbol.asyncDispose]: async () => {
      await keepLogs(install)
      await people.disposeAsync()
    },
  }
}

/** Puts what the functions wrote where a person looks after a failed run: `.lab/logs/<install>/<function>.log`. */
async function keepLogs({ install, shadow }: Install): Promise<void> {
  const folder = fileURLToPath(new URL(`../../.lab/logs/${install}`, import.meta.url))
  await mkdir(folder, { recursive: true })
  for (const name of functionNames) {
    const lines = shadow.logs(name).map(({ text }) => `${text}\n`)
    await writeFile(join(folder, `${name}.log`), lines.join(''))
  }
}

async function post(port: number, { headers, body }: HttpMessage): Promise<Posted> {
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    method: 'POST',
    headers: { ...headers, 'content-length': body.byteLength },
    signal: AbortSignal.timeout(30_000),
  })
  request.end(body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}

/** An event as a subscriber got it, ready to be posted again. */
export function captured(event: SeenEvent): HttpMessage {
  const kept = Object.entries(event.headers).filter(([name]) => name.startsWith('ce-') || name === 'content-type')
  return { headers: Object.fromEntries(kept), body: event.body }
}
