import { ownerSelector } from '#core/session/labels'
import { decodeLease, LeaseUnreadable } from '#core/session/lease-codec'
import type { SessionRecord } from '#core/session/session-record'
import { collections } from '#io/kubernetes/collections'
import type { Kubernetes } from '#io/kubernetes/kubernetes'
import { listObjects } from '#io/kubernetes/list-objects'
import { readBinding, readServiceAccount, type SessionScope } from '#io/kubernetes/read-objects'
import type { SessionObjects } from './findings.ts'

/** Lists an install's Leases, ServiceAccounts and bindings, page by page, by its labels. */
export async function readSessionObjects(
  kubernetes: Kubernetes,
  scope: SessionScope,
  options: { readonly signal: AbortSignal; readonly unreadable: (error: LeaseUnreadable) => void },
): Promise<SessionObjects> {
  const labelSelector = ownerSelector(scope.install)
  const list = async (path: string) => (await listObjects(kubernetes, { path, labelSelector }, options)).items
  const namespace = scope.sessionsNamespace
  // Leases last: a session that is being made meanwhile then shows its Lease rather than objects without one.
  const [serviceAccounts, roleBindings, clusterRoleBindings] = await Promise.all([
    list(collections.serviceAccounts(namespace)),
    list(collections.roleBindings),
    list(collections.clusterRoleBindings),
  ])
  const leases = await list(collections.leases(namespace))
  const prefix = `${scope.install}-user-`
  return {
    leases: leases.flatMap(lease => decode(lease, options.unreadable)).filter(({ name }) => name.startsWith(prefix)),
    serviceAccounts: serviceAccounts
      .map(object => readServiceAccount(object, scope))
      .filter(({ name }) => name.startsWith(prefix)),
    bindings: [...roleBindings, ...clusterRoleBindings].flatMap(object => readBinding(object, scope) ?? []),
  }
}

function decode(lease: unknown, unreadable: (error: LeaseUnreadable) => void): readonly SessionRecord[] {
  try {
    return [decodeLease(lease)]
  } catch (error) {
    if (!(error instanceof LeaseUnreadable)) throw error
    unreadable(error)
    return []
  }
}
