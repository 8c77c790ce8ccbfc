import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import { applyAll } from '../kube/apply.ts'
import { buildPrograms } from '../lab/build.ts'
import { type Children, runChildren } from '../lab/children.ts'
import { portChooser } from '../lab/free-port.ts'
import { startKubernetes } from '../lab/kubernetes.ts'
import { isRunning } from '../lab/process-running.ts'
import type { Stack, StackOptions } from '../lab/supervise.ts'
import { nodeName } from '../lab/users.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { chooseAddresses } from './addresses.ts'
import { makeCgroups, removeCgroups } from './cgroups.ts'
import { clusterDir } from './cluster-dir.ts'
import type { ClusterState, Level } from './cluster-state.ts'
import { startContainerd } from './containerd.ts'
import { dnsAnswers, dnsManifests } from './dns.ts'
import { makeImageStore } from './image-store.ts'
import { dnsImage, pauseImage } from './images.ts'
import { installKnative } from './knative/install.ts'
import { knativeImages } from './knative/programs.ts'
import { makeKubeletClient } from './kubelet-client.ts'
import { removeData, removeTraces } from './leftovers.ts'
import { openNamespaces } from './namespaces.ts'
import { connectNetwork, readRoutes } from './network.ts'
import { startNode } from './node.ts'
import { writePodNetwork } from './pod-network.ts'
import { programs as clusterPrograms } from './programs.ts'

/** How a cluster is started. */
export interface ClusterStackOptions extends StackOptions {
  readonly level: Level
  readonly oidc: boolean
  readonly stays: boolean
}

/** Starts everything a cluster of this level is made of, and resolves once all of it answers. */
export async function startStack(options: ClusterStackOptions): Promise<Stack> {
  const { dir, progress, signal: asked, level, oidc, stays } = options
  await using starting = new AsyncDisposableStack()
  await removeTraces()
  const programs = await buildPrograms({ programs: clusterPrograms, signal: asked, progress })
  const logDir = join(dir, 'logs')
  await mkdir(logDir)
  const began = performance.now()
  const report = (what: string) => progress(`${what} after ${((performance.now() - began) / 1000).toFixed(1)} s`)

  const withParent = programs['with-parent'] ?? 'with-parent'
  starting.defer(() => removeData(dir))
  starting.defer(removeCgroups)
  await makeCgroups()
  const outer = starting.use(runChildren({ logDir, withParent }))
  const namespaces = await openNamespaces({ children: outer, init: programs.pause ?? 'pause', signal: asked })
  const addresses = chooseAddresses(await readRoutes())
  starting.use(await connectNetwork(addresses, namespaces))
  const children = starting.use(runChildren({ logDir, withParent, within: namespaces.enter }))
  starting.defer(async () => {
    // The namespaces first, so that each nsenter lives to reap its program.
    await outer[Symbol.asyncDispose]()
    await waitUntil('the programs have ended', () => haveEnded(children), { timeoutMs: 15_000 })
  })
  const failed = AbortSignal.any([outer.failed, children.failed])
  const signal = AbortSignal.any([asked, failed])

  const kubeletClient = await makeKubeletClient(dir)
  const root = join(dir, 'containerd-root')
  const store = makeImageStore({
    cacheDir: join(clusterDir, 'images'),
    dir: join(dir, 'images'),
    root,
    images: [pauseImage, dnsImage, ...knativeImages],
    programs,
    within: namespaces.enter,
    progress,
    signal,
  })
  store.catch(() => {}) // awaited below, unless something else fails first
  const kubernetes = starting.use(
    await startKubernetes({
      dir,
      children,
      programs,
      choosePort: portChooser(),
      address: addresses.node,
      serviceRange: addresses.services,
      kubeletClient,
      signal,
    }),
  )
  const { api, credentials } = kubernetes
  report('the API server is up')
  await store
  const containerd = await startContainerd({
    name: 'containerd',
    dir: join(dir, 'containerd'),
    root,
    pauseImage: pauseImage.name,
    cniDir: await writePodNetwork(dir, addresses.pods),
    children,
    signal,
  })
  await startNode({
    dir,
    children,
    programs,
    kubernetes,
    addresses,
    containerd: containerd.socket,
    kubeletClientCert: kubeletClient.certFile,
  })
  await applyAll(api, dnsManifests(addresses.dns), signal)
  await waitUntil('the node is ready', () => isNodeReady(api), { signal })
  report('the node is ready')
  await waitUntil('DNS answers', () => dnsAnswers(addresses.dns), { signal })
  report('DNS answers')
  if (level !== 'node') {
    await installKnative({ api, level, oidc, hostAddress: addresses.host, progress: report, signal })
    report('an event went through a Broker')
  }

  const running = starting.move()
  return {
    state: {
      dir,
      level,
      oidc,
      stays,
      kubeconfig: await credentials.kubeconfig('admin', kubernetes),
      apiServer: { url: kubernetes.url, caFile: kubernetes.caFile, auditLog: kubernetes.auditLog },
      addresses,
      containerd: containerd.socket,
      namespaces: namespaces.holder,
      programs,
      pids: { ...outer.pids, ...children.pids, supervisor: process.pid },
      logs: { ...outer.logs, ...children.logs },
    } satisfies ClusterState,
    failed,
    route: () => {
      throw new Error('a cluster has DNS of its own')
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function haveEnded({ pids }: Children): Promise<true | string> {
  for (const [name, pid] of Object.entries(pids)) if (await isRunning(pid)) return `${name} runs`
  return true
}

const Node = v.object({
  status: v.object({
    conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string(), message: v.string() }))),
  }),
})

async function isNodeReady(api: Api): Promise<true | string> {
  const { status } = v.parse(Node, await api.call('GET', `/api/v1/nodes/${nodeName}`))
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' || ready?.message || 'no condition'
}
