import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeys } from '#events/keys/generate-keys'
import { writeKeys } from '#events/keys/write-keys'
import { openApi } from '../kube/api.ts'
import { applyAll } from '../kube/apply.ts'
import { keyManifests } from '../render/key-manifests.ts'
import type { Manifest } from '../render/manifest.ts'
import { checkOffers } from '../render/offered-roles.ts'
import { render } from '../render/render.ts'
import { installReady } from './await-install.ts'
import { triggersDeliver } from './install-delivery.ts'
import { functionsImage } from './install-image.ts'
import { type InstallOptions, labConfig } from './install-options.ts'
import { namespaceSettles } from './install-ready.ts'
import { removeInstall } from './install-removal.ts'
import { readClusterRole } from './install-roles.ts'
import { type EventTap, tapBroker } from './install-tap.ts'
import { runTick } from './install-tick.ts'
import type { Lab } from './lab.ts'
import { throughProxy } from './post-event.ts'
import { runProgram } from './run-program.ts'
import type { Shadow } from './shadow/shadow.ts'
import { startShadow } from './shadow/start-shadow.ts'

export type { SeenEvent } from './install-tap.ts'

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
  await installReady({ lab, api, shadow, rendered, without, signal })
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

function programOf(lab: Lab, name: string): string {
  const program = lab.programs[name]
  if (program === undefined) throw new Error(`the lab has no program ${name}`)
  return program
}
