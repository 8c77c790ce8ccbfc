import * as v from 'valibot'
import { gives, type Power } from '../../render/admin-powers.ts'
import { ClusterRoleObject } from '../../render/cluster-role.ts'
import { type Check, type Examined, fine, warning } from '../finding.ts'

const Bindings = v.object({
  items: v.array(
    v.object({
      roleRef: v.object({ kind: v.string(), name: v.string() }),
      subjects: v.optional(
        v.array(v.object({ kind: v.string(), name: v.string(), namespace: v.optional(v.string()) })),
        [],
      ),
    }),
  ),
})
const Roles = v.object({ items: v.array(ClusterRoleObject) })

/** Ways to see every event of a Broker: a Trigger, or a Subscription of its channel. */
const reading: readonly Power[] = [
  {
    means: 'reads events',
    group: 'eventing.knative.dev',
    resources: ['triggers'],
    verbs: ['create', 'update', 'patch'],
  },
  {
    means: 'reads events',
    group: 'messaging.knative.dev',
    resources: ['subscriptions'],
    verbs: ['create', 'update', 'patch'],
  },
]

// The cluster's own, and Knative's.
const expected = (name: string) =>
  name === 'system:masters' ||
  name === 'kubeadm:cluster-admins' ||
  /^(kube-system|knative-eventing|knative-serving)\//.test(name)

/** Few may subscribe to the Broker: whoever does reads who asked for what, from where. */
export const readers: Check = {
  name: 'readers',
  look: async examined => {
    const { system } = examined.config.namespaces
    const [inNamespace, inCluster] = await Promise.all([
      readersBy(examined, `/namespaces/${system}/rolebindings`),
      readersBy(examined, '/clusterrolebindings'),
    ])
    const found = [...new Set([...inNamespace, ...inCluster])].filter(name => !expected(name)).sort()
    if (found.length === 0) return fine('nobody but the cluster’s administrators may subscribe to the Broker')
    const todo = `see that they are administrators, or take away their right to make Triggers and Subscriptions in ${system}`
    return [warning(`these may subscribe to the Broker and read who asks for what: ${found.join(', ')}`, todo)]
  },
}

async function readersBy({ api, config }: Examined, bindings: string): Promise<readonly string[]> {
  const group = '/apis/rbac.authorization.k8s.io/v1'
  const [roles, clusterRoles, list] = await Promise.all([
    api.call('GET', `${group}/namespaces/${config.namespaces.system}/roles`),
    api.call('GET', `${group}/clusterroles`),
    api.call('GET', `${group}${bindings}`),
  ])
  const readingRoles = (kind: string, answer: unknown) =>
    v
      .parse(Roles, answer)
      .items.filter(({ rules }) => rules.some(rule => reading.some(power => gives(rule, power))))
      .map(({ name }) => `${kind} ${name}`)
  const may = new Set([...readingRoles('Role', roles), ...readingRoles('ClusterRole', clusterRoles)])
  return v
    .parse(Bindings, list)
    .items.filter(({ roleRef }) => may.has(`${roleRef.kind} ${roleRef.name}`))
    .flatMap(({ subjects }) =>
      subjects.map(({ kind, name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name)),
    )
}
