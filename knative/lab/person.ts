import { writeFile } from 'node:fs/promises'
import type { Agent } from 'node:http'
import { join } from 'node:path'
import { type Laptop, type LaptopResponse, startLaptop, type Testnet } from 'tsnet-node/testing'
import { type Finished, runProgram } from './run-program.ts'
import { waitUntil } from './wait-until.ts'

/** Who joins the tailnet, with which rules of the tailnet policy. */
export interface PersonOptions {
  /** Hostname of the laptop; unique in the lab. */
  readonly hostname: string
  /** Full login name; nobody's (a tagged node) when `tags` are given. */
  readonly login?: string
  readonly tags?: readonly string[]
  /** False: the tailnet does not know the node's user. */
  readonly known?: boolean
  /** Values of the capability: what this person's grant says. None: no grant at all. */
  readonly rules?: readonly unknown[]
}

/** The app capability of the tailnet policy whose values are rules (config.yaml, `capability`). */
const capability = 'specht-labs.de/cap/tka'

/** A person at a laptop on the tailnet, with curl and kubectl at hand. */
export interface Person extends AsyncDisposable {
  readonly laptop: Laptop
  /** Replaces what the tailnet policy gives to this person; an empty list takes the grant away. */
  setRules(rules: readonly unknown[]): Promise<void>
  request(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<LaptopResponse>
  /** POST /login. */
  login(): Promise<LaptopResponse>
  /** GET /kubeconfig as YAML, saved to a file; answers the file's path. */
  saveKubeconfig(): Promise<string>
  /** POST /logout. */
  logout(): Promise<LaptopResponse>
  /** Runs the real kubectl with a saved kubeconfig. */
  kubectl(kubeconfig: string, ...args: readonly string[]): Promise<Finished>
}

/** Where people are at home: a tailnet, a kubectl, and a private folder for what they save. */
export interface Place {
  readonly tailnet: Testnet
  /** Path of kubectl. */
  readonly kubectl: string
  readonly dir: string
}

/** Lets a person join the tailnet, with a grant for the login of that hostname. */
export async function joinPerson(
  { tailnet, kubectl, dir }: Place,
  { hostname: host }: { readonly hostname: string },
  options: PersonOptions,
): Promise<Person> {
  const grantId = `${host}-${options.hostname}`
  const setRules = async (rules: readonly unknown[]): Promise<void> => {
    if (rules.length === 0) return tailnet.removeGrant(grantId)
    await tailnet.setGrant(grantId, {
      src: [`host:${options.hostname}`],
      dst: [`host:${host}`],
      app: { [capability]: rules },
    })
  }
  await tailnet.setNode(options.hostname, {
    ...(options.login === undefined ? {} : { login: options.login }),
    ...(options.tags === undefined ? {} : { tags: options.tags }),
    ...(options.known === undefined ? {} : { known: options.known }),
  })
  if (options.rules !== undefined) await setRules(options.rules)
  const laptop = await startLaptop({ hostname: options.hostname, controlUrl: tailnet.controlUrl })
  await reaches(laptop, host)
  const agent: Agent = laptop.agent({ keepAlive: true })
  const request: Person['request'] = (method, path, headers = {}) =>
    laptop.request(`http://${host}/api/v1alpha1${path}`, {
      method,
      headers,
      agent,
      signal: AbortSignal.timeout(40_000),
    })
  let saved = 0
  return {
    laptop,
    setRules,
    request,
    login: () => request('POST', '/login'),
    logout: () => request('POST', '/logout'),
    saveKubeconfig: async () => {
      const answer = await request('GET', '/kubeconfig', { accept: 'application/yaml' })
      if (answer.status !== 200) throw new Error(`GET /kubeconfig: ${answer.status} ${answer.body}`)
      const file = join(dir, `${options.hostname}-${++saved}.yaml`)
      await writeFile(file, answer.body, { mode: 0o600 })
      return file
    },
    kubectl: (kubeconfig, ...args) => runProgram(kubectl, ['--kubeconfig', kubeconfig, ...args]),
    [Symbol.asyncDispose]: async () => {
      agent.destroy()
      await laptop[Symbol.asyncDispose]()
      await tailnet.removeGrant(grantId)
      await tailnet.forgetNode(options.hostname)
    },
  }
}

/**
 * A person's laptop has been in the tailnet for long. One that has just joined may not know its peers yet, and a first WireGuard
 * handshake that got lost meanwhile is tried again only after 5 s.
 */
async function reaches(laptop: Laptop, host: string): Promise<void> {
  await waitUntil(
    `${laptop.hostname} reaches ${host}`,
    async signal => {
      const socket = await laptop.connect({ host, port: 80 }, { signal })
      socket.destroy()
      return true
    },
    { timeoutMs: 30_000 },
  )
}
