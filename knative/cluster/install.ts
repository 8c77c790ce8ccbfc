import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Testnet } from 'tsnet-node/testing'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll } from '../kube/apply.ts'
import { triggersDeliver } from '../lab/install-delivery.ts'
import { becomesReady } from '../lab/install-ready.ts'
import { type EventTap, proofType, type TapSubscription, tapBroker } from '../lab/install-tap.ts'
import { runTick } from '../lab/install-tick.ts'
import { runProgram } from '../lab/run-program.ts'
import type { Manifest } from '../render/manifest.ts'
import type { Cluster } from './cluster.ts'
import { installCommands, upgradeCommands } from './documented-commands.ts'
import { dialBrokers } from './knative/dial-brokers.ts'
import {
  checkOutBase,
  completeFor,
  editOverlay,
  likeRepository,
  type OverlayEdits,
  replaceBase,
} from './own-overlay.ts'
import { type PodFunctions, podFunctions } from './pod-functions.ts'

/** TKA, installed in a cluster by the README's four commands. Disposing of it uninstalls it. */
export interface ClusterInstall extends AsyncDisposable {
  readonly install: 'tka'
  readonly cluster: string
  readonly namespaces: { readonly system: 'tka-system'; readonly sessions: 'tka' }
  /** Name of login's node in the tailnet. */
  readonly hostname: 'tka'
  /** Folder of the overlay, to be applied again after a change. */
  readonly overlay: string
  readonly functions: PodFunctions
  /** How long it took from `kubectl apply` until everything was Ready, in milliseconds. */
  readonly readyMs: number
  /** Runs kubectl with full rights; resolves to its standard output, rejects unless it ended well. */
  kubectl(...args: readonly string[]): Promise<string>
  /** Completes the overlay, applies it and waits until everything is Ready. */
  apply(): Promise<void>
  /** Goes to the version at hand by the commands of docs/operate.md, and waits until everything is Ready. */
  upgrade(): Promise<void>
  /** Makes a Job of the CronJob now and waits until it has succeeded. */
  tick(): Promise<void>
  /** Subscribes to the Broker, to everything unless told otherwise; resolves once an event has come all the way. */
  subscribe(subscription?: TapSubscription): Promise<EventTap>
  /** Removes it, which disposing does where it was not done. */
  remove(): Promise<void>
}

/** An earlier version of TKA, as its repository and its documents were. */
export interface EarlierVersion {
  readonly base: readonly Manifest[]
  /** The command that it wanted after the apply, beside those of today. */
  readonly afterApply: string
}

/** What to install. */
export interface InstallOptions extends OverlayEdits {
  /** In place of the version at hand, to which {@link ClusterInstall.upgrade} then goes. */
  readonly earlier?: EarlierVersion
}

const system = 'tka-system'

/** Installs an overlay of one's own with this tailnet, and resolves when login is a node of it. */
export async function installOverlay(
  cluster: Cluster,
  tailnet: Testnet,
  { values, image, components = [], earlier }: InstallOptions,
): Promise<ClusterInstall> {
  await using undo = new AsyncDisposableStack()
  const api = undo.use(await openApi(cluster.kubeconfig))
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const options = { timeoutMs: 180_000 }
    const { code, stdout, stderr } = await runProgram(
      cluster.kubectl,
      ['--kubeconfig', cluster.kubeconfig, ...args],
      options,
    )
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const dir = join(cluster.dir, `tka-${randomUUID().slice(0, 8)}`)
  undo.defer(() => rm(dir, { recursive: true, force: true }))
  const name = 'lab'
  await likeRepository(dir)
  if (earlier) await replaceBase(dir, earlier.base)
  const [copy, complete, applyIt, giveKey] = await installCommands()
  const run = async (command: string): Promise<void> => {
    const PATH = `${dirname(cluster.kubectl)}:${process.env.PATH}`
    const env = { ...process.env, PATH, KUBECONFIG: cluster.kubeconfig }
    const { code, stderr } = await runProgram('bash', ['-euc', `cd "$0" && ${command}`, dir], {
      env,
      timeoutMs: 180_000,
    })
    if (code !== 0) throw new Error(`${command}: ${stderr}`)
  }
  await run(copy)
  const overlay = join(dir, 'knative', 'overlays', 'mine')
  await editOverlay(overlay, {
    image,
    components,
    values: {
      cluster: name,
      apiServer: { url: cluster.apiServer.url },
      ...values,
      tailnet: { controlUrl: tailnet.controlUrl, env: tailnet.env },
    },
  })
  await run(complete)
  if (earlier) await completeFor(earlier.base, overlay)
  let removed = false
  const remove = async () => {
    if (removed) return
    await kubectl('delete', '-k', overlay, '--ignore-not-found', '--timeout=150s')
    removed = true
  }
  undo.defer(remove)
  const becomeReady = async () => {
    await kubectl(
      'wait',
      '-n',
      system,
      '--for=condition=Ready',
      '--timeout=150s',
      'ksvc,broker,trigger,sinkbinding',
      '--all',
    )
  }
  const upgrade = async () => {
    const [, completeIt, look, applyNew, ask] = await upgradeCommands()
    // In place of `git pull`.
    await checkOutBase(dir)
    await run(completeIt)
    // It ends with 1 where something differs.
    await run(`${look} || [ $? -eq 1 ]`)
    await run(applyNew)
    await becomeReady()
    await run(ask)
  }
  const began = performance.now()
  await run(applyIt)
  if (earlier) await run(earlier.afterApply)
  await writeFile(join(dir, 'auth-key'), 'the offline tailnet takes any', { mode: 0o600 })
  await run(giveKey)
  await becomeReady()
  const readyMs = performance.now() - began

  const broker = {
    api,
    namespace: system,
    brokerUrl: `http://broker-ingress.knative-eventing.svc.cluster.local/${system}/tka`,
    dial: await dialBrokers(api),
    host: cluster.hostAddress,
  }
  // A Broker that asks who sends would refuse what proves the way through it.
  const token = components.includes('oidc') ? await proofToken(api, kubectl) : undefined
  await triggersDeliver({ ...broker, token, signal: AbortSignal.timeout(60_000) })
  const all = undo.move()
  const functions = podFunctions(kubectl, system)
  return {
    install: 'tka',
    cluster: name,
    namespaces: { system, sessions: 'tka' },
    hostname: 'tka',
    overlay,
    functions,
    readyMs,
    kubectl,
    apply: async () => {
      await run(complete)
      await kubectl('apply', '-k', overlay)
      await becomeReady()
    },
    upgrade,
    tick: () => runTick(api, system, async job => (await kubectl('logs', '-n', system, `job/${job}`)).split('\n')),
    subscribe: subscription => tapBroker({ ...broker, ...subscription, token, signal: AbortSignal.timeout(60_000) }),
    remove,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Lets a ServiceAccount of the lane's own send what proves the way through the Broker, and nothing else; resolves to its token. */
async function proofToken(api: Api, kubectl: ClusterInstall['kubectl']): Promise<string> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'proof', namespace: system } }
  const policy = {
    apiVersion: 'eventing.knative.dev/v1alpha1',
    kind: 'EventPolicy',
    metadata: { name: 'proof', namespace: system },
    spec: {
      to: [{ ref: { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'tka' } }],
      from: [{ sub: `system:serviceaccount:${system}:proof` }],
      filters: [{ exact: { type: proofType } }],
    },
  }
  await applyAll(api, [account, policy])
  await becomesReady(api, policy, AbortSignal.timeout(60_000))
  return senderToken(kubectl, 'proof')
}

/** A token with which the Broker takes events as those of a ServiceAccount, for two hours. */
export async function senderToken(kubectl: ClusterInstall['kubectl'], account: string): Promise<string> {
  const audience = `eventing.knative.dev/broker/${system}/tka`
  return (await kubectl('create', 'token', account, '-n', system, '--audience', audience, '--duration=2h')).trim()
}
