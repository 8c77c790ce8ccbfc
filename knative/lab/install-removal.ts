import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import { deleteAll } from '../kube/apply.ts'
import type { Manifest } from '../render/manifest.ts'

const List = v.object({
  items: v.array(v.object({ metadata: v.object({ name: v.string(), namespace: v.optional(v.string()) }) })),
})

/** Uninstalls; with the sessions' bindings, which are not among the manifests: those in other namespaces would stay behind. */
export async function removeInstall(api: Api, install: string, manifests: readonly Manifest[]): Promise<void> {
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
