import { ownerSelector } from '#core/session/labels'
import { decodeLease, LeaseUnreadable } from '#core/session/lease-codec'
import type { SessionRecord } from '#core/session/session-record'
import { collections } from '#io/kubernetes/collections'
import type { Kubernetes } from '#io/kubernetes/kubernetes'
import { listPages } from '#io/kubernetes/list-objects'
import { readBinding, readServiceAccount, type SessionScope } from '#io/kubernetes/read-objects'
import type { SessionObjects } from './findings.ts'

/** Lists an install's Leases, ServiceAccounts and bindings, page by page, by its labels. */
export async function readSessionObjects(
  kubernetes: Kubernetes,
  scope: SessionScope,
  options: { readonly signal: AbortSignal; readonly unreadable: (error: LeaseUnreadable) => void },
): Promise<SessionObjects> {
  const labelSelector = ownerSelector(scope.install)
  const prefix = `${scope.install}-user-`
  // Of each page only what is asked about it is kept.
  const list = async <T>(path: string, read: (object: unknown) => readonly T[]): Promise<readonly T[]> => {
    const found: T[] = []
    for await (const { items } of listPages(kubernetes, { path, labelSelector }, options))
      found.push(...items.flatMap(read))
    return found
  }
  const named = <T extends { readonly name: string }>(objects: readonly T[]) =>
    objects.filter(({ name }) => name.startsWith(prefix))
  const binding = (object: unknown) => {
    const read = readBinding(object, scope)
    return read === undefined ? [] : [read]
  }
  const namespace = scope.sessionsNamespace
  // Leases last: a session that is being made meanwhile then shows its Lease rather than objects without one.
  const [serviceAccounts, roleBindings, clusterRoleBindings] = await Promise.all([
    list(collections.serviceAccounts(namespace), object => named([readServiceAccount(object, scope)])),
    list(collections.roleBindings, binding),
    list(collections.clusterRoleBindings, binding),
  ])
  const leases = await list(collections.leases(namespace), lease => named(decode(lease, options.unreadable)))
  return { leases, serviceAccounts, bindings: [...roleBindings, ...clusterRoleBindings] }
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
