import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestnet } from 'tsnet-node/testing'
import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import { buildPrograms } from './build.ts'
import { proveDelivery } from './canary.ts'
import { runChildren } from './children.ts'
import { startClusterDns } from './cluster-dns.ts'
import { dispatcherPorts, startEventing } from './eventing.ts'
import { portChooser } from './free-port.ts'
import { readKnativeConfig } from './knative-config.ts'
import { startKubernetes } from './kubernetes.ts'
import type { LabState } from './lab-state.ts'
import { throughProxy } from './post-event.ts'
import { startTogether } from './start-together.ts'
import type { Stack, StackOptions } from './supervise.ts'
import { waitUntil } from './wait-until.ts'

const Role = v.object({ rules: v.nullish(v.array(v.unknown())) })

/** Starts everything the lab is made of, and resolves once an event went through a broker and back. */
export async function startStack({ dir, progress, signal: asked }: StackOptions): Promise<Stack> {
  await using starting = new AsyncDisposableStack()
  const programs = await buildPrograms({ signal: asked, progress })
  const logDir = join(dir, 'logs')
  await mkdir(logDir)
  // The logs stay for whoever wants to know what happened; the data, a hundred megabytes, does not.
  starting.defer(() => rm(join(dir, 'etcd'), { recursive: true, force: true }))
  const children = starting.use(runChildren({ logDir, withParent: programs['with-parent'] ?? 'with-parent' }))
  const signal = AbortSignal.any([asked, children.failed])
  const choosePort = portChooser()
  const began = performance.now()
  const report = (what: string) => progress(`${what} after ${((performance.now() - began) / 1000).toFixed(1)} s`)

  const config = readKnativeConfig()
  config.catch(() => {}) // awaited below, unless something else fails first
  const [kubernetes, clusterDns, tailnet] = await startTogether(starting, [
    startKubernetes({ dir, children, programs, choosePort, signal }),
    startClusterDns(channelPort),
    startTestnet({ signal }),
  ])
  const { api, credentials } = kubernetes
  const kubeconfig = await credentials.kubeconfig('knative', kubernetes)
  report('Kubernetes and the tailnet are up')
  await startEventing({ api, kubeconfig, config: await config, children, programs, clusterDns, choosePort, signal })
  report('Knative Eventing is up')
  await Promise.all([
    proveDelivery({ api, dial: throughProxy(clusterDns.url), signal }),
    waitUntil('ClusterRoles are aggregated', () => isAggregated(api), { signal }),
  ])
  report('an event went through a broker')

  const running = starting.move()
  return {
    state: {
      dir,
      kubeconfig: await credentials.kubeconfig('admin', kubernetes),
      apiServer: { url: kubernetes.url, caFile: kubernetes.caFile, auditLog: kubernetes.auditLog },
      clusterDns: clusterDns.url,
      tailnet: { controlUrl: tailnet.controlUrl, adminUrl: tailnet.adminUrl, pid: tailnet.pid },
      programs,
      pids: { ...children.pids, testnet: tailnet.pid, supervisor: process.pid },
      logs: children.logs,
    } satisfies LabState,
    failed: children.failed,
    route: clusterDns.route,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Whether the built-in role `view` has its rules: they are gathered from other roles after the start. */
async function isAggregated(api: Api): Promise<true | string> {
  const view = v.parse(Role, await api.call('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/view'))
  return (view.rules?.length ?? 0) > 0 || 'view has no rules'
}

/** Every in-memory channel is a name of its own, an ExternalName Service of the dispatcher. */
function channelPort(host: string): number | undefined {
  return /^[^.]+-kn-channel\.[^.]+\.svc\./.test(host) ? dispatcherPorts.http : undefined
}
