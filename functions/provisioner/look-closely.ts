import { sameBinding } from '#core/session/binding-names'
import type { Observed } from '#core/session/observed'
import type { SessionCluster } from '#io/kubernetes/session-cluster'
import type { ClusterView } from './cluster-view.ts'

export interface LookDeps {
  readonly cluster: SessionCluster
  readonly view: ClusterView
}

/**
 * Asks the API server about one person, where what is known might be behind: Lease, ServiceAccount, and by name every binding
 * that the Lease or the view knows of. Bindings that only their subjects betray come from the view.
 */
export async function lookClosely(deps: LookDeps, name: string, signal: AbortSignal): Promise<Observed> {
  const { cluster, view } = deps
  const known = view.know(name)
  const [lease, serviceAccount] = await Promise.all([
    cluster.getLease(name, { signal }),
    cluster.getServiceAccount(name, { signal }),
  ])
  if (lease) view.sawLease(lease)
  else if (known.lease) view.lostLease(known.lease)
  if (serviceAccount) view.sawServiceAccount(serviceAccount)
  if (known.serviceAccount && known.serviceAccount.uid !== serviceAccount?.uid)
    view.lostServiceAccount(known.serviceAccount)

  const named = [...known.bindings, ...(lease?.bindings ?? [])]
  const refs = named.filter((binding, index) => named.findIndex(other => sameBinding(other, binding)) === index)
  const found = await Promise.all(
    refs.map(async ref => {
      const binding = await cluster.getBinding(ref, { signal })
      const before = known.bindings.find(other => sameBinding(other, ref))
      if (before && before.uid !== binding?.uid) view.lostBinding(before)
      if (binding) view.sawBinding(binding)
      return { ref, binding }
    }),
  )
  return {
    name,
    ...(lease === undefined ? {} : { lease }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    bindings: found.flatMap(({ binding }) => (binding?.serviceAccounts.includes(name) ? [binding] : [])),
    groupBindings: known.groupBindings,
    unconfirmed: [],
    missing: found.flatMap(({ ref, binding }) => (binding ? [] : [ref])),
    refused: false,
  }
}
