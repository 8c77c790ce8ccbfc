import { sameBinding } from '#core/session/binding-names'
import { LeaseUnreadable } from '#core/session/lease-codec'
import type { Observed } from '#core/session/observed'
import type { SessionRecord } from '#core/session/session-record'
import type { SessionCluster } from '#io/kubernetes/session-cluster'
import type { ClusterView } from './cluster-view.ts'

export interface LookDeps {
  readonly cluster: SessionCluster
  readonly view: ClusterView
  readonly alarm: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/**
 * Asks the API server about one person, where what is known might be behind: Lease, ServiceAccount, and by name every binding
 * that the Lease or the view knows of. Bindings that only their subjects betray come from the view.
 */
export async function lookClosely(deps: LookDeps, name: string, signal: AbortSignal): Promise<Observed> {
  const { cluster, view } = deps
  const known = view.know(name)
  const [lease, serviceAccount] = await Promise.all([
    readLease(deps, name, signal),
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

/** A Lease that nobody can read says nothing and is in the way of taking away what stands under its name: it goes. */
async function readLease(deps: LookDeps, name: string, signal: AbortSignal): Promise<SessionRecord | undefined> {
  try {
    return await deps.cluster.getLease(name, { signal })
  } catch (error) {
    if (!(error instanceof LeaseUnreadable)) throw error
    deps.alarm('a Lease cannot be read and is removed', { subject: name, error })
    await deps.cluster.deleteLease({ name }, { signal })
    return undefined
  }
}
