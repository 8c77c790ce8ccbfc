import { createModelCluster, type ModelCluster, ModelRefusal } from '#core/session/testing/model-cluster'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import type { SessionCluster } from '#io/kubernetes/session-cluster'
import type { ClusterView } from '../cluster-view.ts'

export interface MemoryCluster {
  readonly model: ModelCluster
  readonly cluster: SessionCluster
  /** A view that is never behind. */
  readonly view: ClusterView
}

/** The calls and the view of the provisioner on a cluster in memory. For tests. */
export function createMemoryCluster(now: () => number): MemoryCluster {
  const model = createModelCluster(now)
  const listeners = new Set<(name: string) => void>()
  const tell = (name: string) => {
    for (const listener of listeners) listener(name)
  }
  const answer = async <T>(call: () => T): Promise<T> => {
    try {
      return call()
    } catch (error) {
      if (error instanceof ModelRefusal) throw new KubernetesError(error.kind, 'the model refuses')
      throw error
    }
  }
  const cluster: SessionCluster = {
    getLease: name => answer(() => model.leases.get(name)),
    writeLease: record => answer(() => model.writeLease(record)),
    deleteLease: record => answer(() => model.deleteLease(record)),
    getServiceAccount: name => answer(() => model.serviceAccounts.get(name)),
    createServiceAccount: (name, terms) => answer(() => model.createServiceAccount(name, terms)),
    dateServiceAccount: (serviceAccount, validUntil) =>
      answer(() => model.dateServiceAccount(serviceAccount, validUntil)),
    deleteServiceAccount: serviceAccount => answer(() => model.deleteServiceAccount(serviceAccount)),
    getBinding: binding => answer(() => model.getBinding(binding)),
    createBinding: (binding, name, terms) => answer(() => model.createBinding(binding, name, terms)),
    dateBinding: (binding, validUntil) => answer(() => model.dateBinding(binding, validUntil)),
    deleteBinding: binding => answer(() => model.deleteBinding(binding)),
    mintToken: ({ name, uid }, seconds) =>
      answer(() => {
        if (model.serviceAccounts.get(name)?.uid !== uid) throw new ModelRefusal('not-found')
        return { token: `token of ${uid}`, expiresAt: Math.floor(now() / 1000 + seconds) * 1000 }
      }),
    whyAllowed: name => answer(() => model.whyAllowed(name)),
  }
  const view: ClusterView = {
    know: model.observe,
    names: () =>
      new Set([
        ...model.leases.keys(),
        ...model.serviceAccounts.keys(),
        ...[...model.bindings.values()].flatMap(binding => binding.serviceAccounts),
      ]),
    clusterWide: () => [...model.bindings.values()].filter(({ namespace }) => namespace === undefined).length,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    sawLease: ({ name }) => tell(name),
    lostLease: ({ name }) => tell(name),
    sawServiceAccount: ({ name }) => tell(name),
    lostServiceAccount: ({ name }) => tell(name),
    sawBinding: binding => binding.serviceAccounts.forEach(tell),
    lostBinding: () => undefined,
    current: () => true,
  }
  return { model, cluster, view }
}
