import { randomInt } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { generateKeys } from '#events/keys/generate-keys'
import { writeKeys } from '#events/keys/write-keys'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll, deleteAll } from '../kube/apply.ts'
import { keyManifests } from '../render/key-manifests.ts'
import type { Manifest } from '../render/manifest.ts'
import { checkOffers } from '../render/offered-roles.ts'
import { type InstallDescription, type Rendered, render } from '../render/render.ts'
import { triggersDeliver } from './install-delivery.ts'
import { functionsImage } from './install-image.ts'
import { becomesReady, guardHolds, namespaceSettles } from './install-ready.ts'
import { readClusterRole } from './install-roles.ts'
import { type EventTap, tapBroker } from './install-tap.ts'
import { runTick } from './install-tick.ts'
import type { Lab } from './lab.ts'
import { throughProxy } from './post-event.ts'
import { runProgram } from './run-program.ts'
import type { Shadow } from './shadow/shadow.ts'
import { startShadow } from './shadow/start-shadow.ts'
import { waitUntil } from './wait-until.ts'

export type { SeenEvent } from './install-tap.ts'

/** What differs from the base's defaults. */
export interface InstallOptions {
  /** Begins every name of this install; a free one by default. */
  readonly install?: string
  /** Offered roles, as in config.yaml. */
  readonly roles?: readonly {
    readonly name: string
    readonly scope: 'cluster' | 'namespaced'
    readonly maxPeriod: string
    readonly clusterAdminEquivalent?: boolean
  }[]
  /** Merged into config.yaml, in its own form: `{ period: { minimum: '1s' }, expiryTimers: false }`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Environment that the image would carry: what a process needs beyond its manifest. Not for secrets. */
  readonly imageEnv?: Readonly<Record<string, string>>
  /** Renders what is applied: this version's base, unless an older one is wanted. */
  readonly render?: (description: InstallDescription) => Promise<Rendered>
  /** Components to add to the base, by their folder. */
  readonly components?: readonly string[]
  /** True: the Job makes the keys, as in a cluster, and `keysDir` holds others. */
  readonly keysByJob?: boolean
  /** Functions not to start; every one is started by default. */
  readonly without?: readonly string[]
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

/** TKA, installed in the lab under names of its own and running. Disposing of it uninstalls it. */
export interface Install extends AsyncDisposable {
  readonly install: string
  readonly cluster: string
  readonly namespaces: { readonly system: string; readonly sessions: string }
  /** Address of the Broker; to be dialled through the lab's cluster DNS. */
  readonly brokerUrl: string
  /** Name of login's node in the tailnet. */
  readonly hostname: string
  readonly shadow: Shadow
  /** Directory with one private JWK per function (`<function>.jwk.json`) and `jwks.json`, as `make keys` writes them. */
  readonly keysDir: string
  /** Everything that was applied. */
  readonly manifests: readonly Manifest[]
  /** Subscribes to the Broker, to everything unless types are given; resolves once an event has come all the way. */
  subscribe(types?: readonly string[]): Promise<EventTap>
  /** Runs the lab's kubectl with full rights; resolves to its standard output. */
  kubectl(...args: readonly string[]): Promise<string>
  /** Makes a Job of the CronJob now and waits until it has succeeded. */
  tick(): Promise<void>
}

const installTimeoutMs = 90_000
const dayMs = 24 * 60 * 60 * 1_000

/** Installs the rendered base in the lab under a prefix of its own and waits until everything works. */
export async function installTka(lab: Lab, options: InstallOptions = {}): Promise<Install> {
  const signal = AbortSignal.any([
    AbortSignal.timeout(installTimeoutMs),
    ...(options.signal === undefined ? [] : [options.signal]),
  ])
  const { progress = () => undefined, without = [], render: renderBase = render } = options
  await using undo = new AsyncDisposableStack()
  const api = undo.use(await openApi(lab.kubeconfig))
  const { components = [] } = options
  const description = { config: await labConfig(lab, options), components, kubectl: lab.kubectl }
  const rendered = await renderBase(description)
  const { manifests: base, config } = rendered
  const { install, namespaces } = config
  await Promise.all(Object.values(namespaces).map(name => namespaceSettles(api, name, signal)))
  await checkOffers(config.roles, name => readClusterRole(api, name, signal))

  const dir = await mkdtemp(join(lab.dir, `${install}-`))
  undo.defer(() => rm(dir, { recursive: true, force: true }))
  const keys = await generateKeys({ notBefore: Date.now() - 60_000, notAfter: Date.now() + dayMs })
  const keysDir = join(dir, 'keys')
  await writeKeys(keysDir, keys)

  const keyObjects = options.keysByJob ? [] : keyManifests(keys, { install, system: namespaces.system })
  const manifests = [
    // With keys of the lab's own there is nothing for the Job to make.
    ...base.filter(({ kind }) => options.keysByJob || kind !== 'Job'),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${install}-tailnet-auth-key`, namespace: namespaces.system },
      // The offline tailnet asks for none; any value will do.
      stringData: { 'auth-key': 'lab' },
    },
  ]
  progress(`applying ${manifests.length} objects of ${install}`)
  undo.defer(() => removeInstall(api, install, manifests).catch(error => progress(`uninstalling ${install}: ${error}`)))
  // Triggers come last: one whose subscriber has no address yet is tried again only after a while.
  const isTrigger = ({ kind }: Manifest) => kind === 'Trigger'
  const [imageFile] = await Promise.all([
    functionsImage(lab.dir),
    applyAll(
      api,
      manifests.filter(manifest => !isTrigger(manifest)),
      signal,
    ),
  ])
  // As whoever brings keys of his own does, so that applying the base again leaves them.
  await applyAll(api, keyObjects, signal, 'tka-keys')

  progress(`starting the functions of ${install}`)
  const shadow = undo.use(
    await startShadow({
      api,
      apiServer: lab.apiServer,
      namespace: namespaces.system,
      without,
      clusterDns: lab.clusterDns,
      route: lab.route,
      withParent: programOf(lab, 'with-parent'),
      // Short, since unix sockets lie in it, whose paths may have 107 bytes.
      dir: lab.dir,
      imageFile,
      imageEnv: {
        TSNET_NODE_HELPER: programOf(lab, 'tsnet-helper'),
        // All processes of one lab share what V8 has compiled once.
        NODE_COMPILE_CACHE: join(lab.dir, 'compile-cache'),
        ...options.imageEnv,
      },
      log: progress,
    }),
  )
  await applyAll(api, manifests.filter(isTrigger), signal)
  await ready({ lab, api, shadow, rendered, without, signal })
  const brokerUrl = lab.brokerUrl(namespaces.system, 'tka')
  const broker = { api, namespace: namespaces.system, brokerUrl, dial: throughProxy(lab.clusterDns) }
  await triggersDeliver({ ...broker, signal })
  progress(`${install} is ready`)

  const resources = undo.move()
  return {
    install,
    cluster: config.cluster,
    namespaces,
    brokerUrl,
    hostname: config.tailnet.hostname,
    shadow,
    keysDir,
    manifests,
    subscribe: types =>
      tapBroker({
        ...broker,
        ...(types === undefined ? {} : { types }),
        signal: AbortSignal.timeout(30_000),
      }),
    kubectl: async (...args) => {
      const { code, stdout, stderr } = await runProgram(lab.kubectl, ['--kubeconfig', lab.kubeconfig, ...args])
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
      return stdout
    },
    tick: () => runTick(api, namespaces.system, async job => shadow.logs(job).map(({ text }) => text)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function labConfig(lab: Lab, { install = freeName(), roles, config = {} }: InstallOptions) {
  const tailnet = { hostname: install, controlUrl: lab.tailnet.controlUrl, udpPort: 0, env: lab.tailnet.env }
  return {
    cluster: 'lab',
    install,
    namespaces: { system: `${install}-system`, sessions: install },
    apiServer: { url: lab.apiServer.url, ca: await readFile(lab.apiServer.caFile, 'utf8') },
    ...(roles === undefined ? {} : { roles }),
    ...config,
    tailnet: { ...tailnet, ...v.parse(v.optional(v.record(v.string(), v.unknown()), {}), config.tailnet) },
  }
}

function freeName(): string {
  return `t${randomInt(36 ** 5)
    .toString(36)
    .padStart(5, '0')}`
}

interface Waiting {
  readonly lab: Lab
  readonly api: Api
  readonly shadow: Shadow
  readonly rendered: Rendered
  readonly without: readonly string[]
  readonly signal: AbortSignal
}

async function ready({ lab, api, shadow, rendered, without, signal }: Waiting): Promise<void> {
  const { manifests, config } = rendered
  const { install, namespaces } = config
  const functions = manifests
    .filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev/'))
    .map(({ metadata }) => metadata.name)
    .filter(name => !without.includes(name))
  await Promise.all([
    guardHolds(
      api,
      { install, system: namespaces.system, provisioner: `system:serviceaccount:${namespaces.system}:provisioner` },
      signal,
    ),
    ...functions.map(name => shadow.ready(name, { signal })),
    ...manifests
      .filter(({ kind }) => kind === 'Broker' || kind === 'SinkBinding')
      .map(manifest => becomesReady(api, manifest, signal)),
    // A Trigger needs its subscriber's and its dead letter's address.
    ...(without.length > 0 ? [] : manifests.filter(({ kind }) => kind === 'Trigger')).map(manifest =>
      becomesReady(api, manifest, signal),
    ),
    ...(without.includes('login') ? [] : [joins(lab, config.tailnet.hostname, signal)]),
  ])
}

async function joins(lab: Lab, hostname: string, signal: AbortSignal): Promise<void> {
  await waitUntil(
    `${hostname} to join the tailnet`,
    async () => {
      const names = (await lab.tailnet.nodes()).map(node => node.hostname)
      return names.includes(hostname) || `the tailnet has ${names.join(', ') || 'nobody'}`
    },
    { signal },
  )
}

const List = v.object({
  items: v.array(v.object({ metadata: v.object({ name: v.string(), namespace: v.optional(v.string()) }) })),
})

// Sessions' bindings are not among the manifests; those in other namespaces would stay behind.
async function removeInstall(api: Api, install: string, manifests: readonly Manifest[]): Promise<void> {
  const group = '/apis/rbac.authorization.k8s.io/v1'
  const query = { labelSelector: `app.kubernetes.io/managed-by=tka,app.kubernetes.io/instance=${install}` }
  const { items } = v.parse(List, await api.call('GET', `${group}/rolebindings`, { query }))
  await Promise.all([
    api.call('DELETE', `${group}/clusterrolebindings`, { query }),
    ...items.map(({ metadata }) =>
      api
        .call('DELETE', `${group}/namespaces/${metadata.namespace}/rolebindings/${metadata.name}`)
        .catch(() => undefined),
    ),
  ])
  await deleteAll(api, manifests)
}

function programOf(lab: Lab, name: string): string {
  const program = lab.programs[name]
  if (program === undefined) throw new Error(`the lab has no program ${name}`)
  return program
}
