import * as v from 'valibot'
import { type Check, failure, fine } from '../finding.ts'

const Binding = v.object({
  metadata: v.object({ name: v.string(), namespace: v.optional(v.string()) }),
  subjects: v.optional(
    v.array(v.object({ kind: v.string(), name: v.string(), namespace: v.optional(v.string()) })),
    [],
  ),
})
const List = v.object({ items: v.array(Binding) })

/** Nobody has given the functions more than the install gives. */
export const extraRights: Check = {
  name: 'rights',
  look: async ({ api, config, expected }) => {
    const { system } = config.namespaces
    const group = '/apis/rbac.authorization.k8s.io/v1'
    const lists = await Promise.all(
      ['rolebindings', 'clusterrolebindings'].map(async kind =>
        v.parse(List, await api.call('GET', `${group}/${kind}`)),
      ),
    )
    const shipped = new Set(expected.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`))
    const found = lists
      .flatMap(({ items }) => items)
      .filter(({ metadata }) => !shipped.has(`${metadata.namespace ?? ''}/${metadata.name}`))
      .filter(({ subjects }) =>
        subjects.some(
          ({ kind, name, namespace }) =>
            (kind === 'ServiceAccount' && namespace === system) || name.startsWith(`system:serviceaccount:${system}:`),
        ),
      )
      .map(({ metadata }) =>
        metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`,
      )
    if (found.length === 0) return fine('no other binding gives the functions anything')
    return [
      failure(
        `other bindings give rights to ${system}: ${found.join(', ')}`,
        'delete them, unless you know why they are there',
      ),
    ]
  },
}
