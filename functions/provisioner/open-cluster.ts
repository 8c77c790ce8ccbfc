import type { Config } from '#core/config'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { connectKubernetes, type Kubernetes } from '#io/kubernetes/kubernetes'
import { watchBindings, watchServiceAccounts } from '#io/kubernetes/object-index'
import { openSessionCluster, type SessionCluster } from '#io/kubernetes/session-cluster'
import { watchSessions } from '#io/kubernetes/session-index'
import { type ClusterView, viewCluster } from './cluster-view.ts'

/** A connection to the cluster with everything known that sessions are made of. */
export interface OpenCluster extends Disposable {
  readonly kubernetes: Kubernetes
  readonly cluster: SessionCluster
  readonly view: ClusterView
}

export interface OpenClusterOptions {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Told of what a watch could not do. */
  readonly failed: (error: unknown) => void
}

/** Connects as the pod's ServiceAccount and reads all Leases, ServiceAccounts and bindings before it resolves. */
export async function openCluster({ config, env, signal, failed }: OpenClusterOptions): Promise<OpenCluster> {
  const scope = { install: config.install, sessionsNamespace: config.namespaces.sessions }
  const kubernetes = await connectKubernetes(await readClusterAccess(env))
  const watch = { ...scope, signal, failed }
  const [sessions, serviceAccounts, bindings] = await Promise.all([
    watchSessions(kubernetes, watch),
    watchServiceAccounts(kubernetes, watch),
    watchBindings(kubernetes, watch),
  ])
  return {
    kubernetes,
    cluster: openSessionCluster(kubernetes, scope),
    view: viewCluster(sessions, serviceAccounts, bindings),
    [Symbol.dispose]: () => kubernetes[Symbol.dispose](),
  }
}
