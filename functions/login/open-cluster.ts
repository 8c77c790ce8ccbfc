import type { Config } from '#core/config'
import type { Environment } from '#io/environment'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { getConfigMap } from '#io/kubernetes/config-maps'
import { connectKubernetes, type Kubernetes } from '#io/kubernetes/kubernetes'
import { openSessionCluster } from '#io/kubernetes/session-cluster'
import { watchSessions } from '#io/kubernetes/session-index'
import type { Logger } from '#io/log'
import { clusterInfo, findApiServer } from './api-server.ts'
import type { LoginDeps } from './deps.ts'

/** The cluster as login sees it. Disposing of it ends the watch and the connection. */
export interface OpenCluster extends Pick<LoginDeps, 'sessions' | 'serviceAccountGone' | 'apiServer'>, Disposable {
  readonly kubernetes: Kubernetes
}

/** Connects as the pod's ServiceAccount and reads all Leases before it resolves. */
export async function openCluster(config: Config, env: Environment, log: Logger): Promise<OpenCluster> {
  const access = await readClusterAccess(env)
  using opened = new DisposableStack()
  const kubernetes = opened.use(await connectKubernetes(access))
  const watching = opened.adopt(new AbortController(), controller => controller.abort())
  const readClusterInfo = () => getConfigMap(kubernetes, clusterInfo, { signal: watching.signal })
  const apiServer = await findApiServer(config.apiServer, { mountedCa: access.ca, readClusterInfo })
  log.info('kubeconfigs name this API server', { url: apiServer.url, configured: config.apiServer.url !== undefined })
  const scope = { install: config.install, sessionsNamespace: config.namespaces.sessions }
  const sessions = await watchSessions(kubernetes, {
    ...scope,
    signal: watching.signal,
    failed: error => log.warn('the watch of the Leases failed and goes on', { error }),
  })
  const cluster = openSessionCluster(kubernetes, scope)
  const resources = opened.move()
  return {
    kubernetes,
    sessions,
    apiServer,
    serviceAccountGone: async (person, signal) => (await cluster.getServiceAccount(person, { signal })) === undefined,
    [Symbol.dispose]: () => resources.dispose(),
  }
}
