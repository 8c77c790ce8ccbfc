import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { connectKubernetes, type Kubernetes } from '#io/kubernetes/kubernetes'
import type { Lab } from '../lab/index.ts'

const namespace = 'bench'

/** What a badge costs at the least: ServiceAccount and binding at once, then a token, by the same client library. */
export interface BareBadge extends Disposable {
  /** Makes one; resolves with what took how long, in milliseconds. */
  issue(name: string): Promise<number>
  /** Takes it away again. */
  revoke(name: string): Promise<void>
}

/** Prepares the bare calls under the lab's administrator. */
export async function bareBadge(lab: Lab): Promise<BareBadge> {
  const kubeconfig = parse(await readFile(lab.kubeconfig, 'utf8'))
  const token: string = kubeconfig.users[0].user.token
  const kubernetes = await connectKubernetes({
    server: new URL(lab.apiServer.url),
    ca: await readFile(lab.apiServer.caFile, 'utf8'),
    readToken: async () => token,
  })
  const options = (client: Kubernetes) => client.call({ signal: AbortSignal.timeout(10_000) })
  const { core, rbac } = kubernetes
  await core.createNamespace({ body: { metadata: { name: namespace } } }, options(kubernetes)).catch(() => undefined)
  return {
    issue: async name => {
      const started = performance.now()
      await Promise.all([
        core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } }, options(kubernetes)),
        rbac.createClusterRoleBinding(
          {
            body: {
              metadata: { name },
              roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
              subjects: [{ kind: 'ServiceAccount', name, namespace }],
            },
          },
          options(kubernetes),
        ),
      ])
      const body = { spec: { audiences: [], expirationSeconds: 3600 } }
      await core.createNamespacedServiceAccountToken({ namespace, name, body }, options(kubernetes))
      return performance.now() - started
    },
    revoke: async name => {
      await rbac.deleteClusterRoleBinding({ name }, options(kubernetes))
      await core.deleteNamespacedServiceAccount({ namespace, name }, options(kubernetes))
    },
    [Symbol.dispose]: () => kubernetes[Symbol.dispose](),
  }
}
