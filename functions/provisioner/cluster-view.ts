import type { Observed, ObservedBinding, ObservedServiceAccount } from '#core/session/observed'
import type { BindingRef, SessionRecord } from '#core/session/session-record'
import type { BindingIndex, ServiceAccountIndex } from '#io/kubernetes/object-index'
import type { SessionIndex } from '#io/kubernetes/session-index'

/** What the provisioner knows of the cluster without asking: what its watches and its own writes showed. */
export interface ClusterView {
  /** Everything known about one person. It may be behind: writes are guarded by resourceVersions, UIDs and names. */
  know(name: string): Observed
  /** Everybody of whom anything is known. */
  names(): ReadonlySet<string>
  /** How many ClusterRoleBindings there are of sessions: each taxes every request to the cluster. */
  clusterWide(): number
  /** Calls back when anything about a person changed; returns what stops it. */
  onChange(listener: (name: string) => void): () => void
  sawLease(lease: SessionRecord): void
  lostLease(lease: SessionRecord): void
  sawServiceAccount(serviceAccount: ObservedServiceAccount): void
  lostServiceAccount(serviceAccount: { readonly name: string; readonly uid: string }): void
  sawBinding(binding: ObservedBinding): void
  lostBinding(binding: BindingRef & { readonly uid?: string }): void
  /** False while a watch is broken. */
  current(): boolean
}

/** The view that the indexes give. */
export function viewCluster(
  sessions: SessionIndex,
  serviceAccounts: ServiceAccountIndex,
  bindings: BindingIndex,
): ClusterView {
  return {
    know(name) {
      const lease = sessions.get(name)
      const serviceAccount = serviceAccounts.get(name)
      return {
        name,
        ...(lease === undefined ? {} : { lease }),
        ...(serviceAccount === undefined ? {} : { serviceAccount }),
        bindings: bindings.of(name),
        groupBindings: bindings.ofEverySession(),
        unconfirmed: [],
        missing: [],
        refused: false,
      }
    },
    names: () =>
      new Set([
        ...sessions.all().map(({ name }) => name),
        ...serviceAccounts.all().map(({ name }) => name),
        ...bindings.all().flatMap(binding => binding.serviceAccounts),
      ]),
    clusterWide: () => bindings.all().filter(({ namespace }) => namespace === undefined).length,
    onChange(listener) {
      const stops = [
        sessions.onChange(listener),
        serviceAccounts.onChange(listener),
        bindings.onChange(names => {
          for (const name of names) listener(name)
        }),
      ]
      return () => {
        for (const stop of stops) stop()
      }
    },
    sawLease: sessions.put,
    lostLease: ({ name, uid }) => sessions.drop(name, uid),
    sawServiceAccount: serviceAccounts.put,
    lostServiceAccount: ({ name, uid }) => serviceAccounts.drop(name, uid),
    sawBinding: bindings.put,
    lostBinding: bindings.drop,
    current: () => sessions.current() && serviceAccounts.current() && bindings.current(),
  }
}
