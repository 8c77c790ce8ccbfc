import { ownerSelector } from '#core/session/labels'
import { decodeLease, LeaseUnreadable } from '#core/session/lease-codec'
import type { ObservedBinding, ObservedServiceAccount } from '#core/session/observed'
import type { SessionRecord } from '#core/session/session-record'
import { collections } from '#io/kubernetes/collections'
import type { Connection } from '#io/kubernetes/connection'
import { listPages, type ObjectPage } from '#io/kubernetes/list-objects'
import { readBinding, readIdentity, readServiceAccount, type SessionScope } from '#io/kubernetes/read-objects'
import type { LeasePage, SessionObjects } from './find-past-due.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
}

/** Lists an install's ServiceAccounts and bindings, by its labels; of each page only what is asked about it is kept. */
export async function readSessionObjects(
  connection: Connection,
  scope: SessionScope,
  options: ReadOptions,
): Promise<SessionObjects> {
  const list = async <T>(path: string, read: (object: unknown) => T | undefined): Promise<readonly T[]> => {
    let found: T[] = []
    for await (const { items, first } of pagesOf(connection, scope, path, options)) {
      if (first) found = []
      for (const item of items) {
        const object = read(item)
        if (object !== undefined) found.push(object)
      }
    }
    return found
  }
  const serviceAccount = (object: unknown): ObservedServiceAccount | undefined => {
    const read = readServiceAccount(object, scope)
    return isSession(read, scope) ? read : undefined
  }
  const binding = (object: unknown): ObservedBinding | undefined => readBinding(object, scope)
  // One after the other: side by side each would have its page in memory.
  const serviceAccounts = await list(collections.serviceAccounts(scope.sessionsNamespace), serviceAccount)
  const roleBindings = await list(collections.roleBindings, binding)
  const clusterRoleBindings = await list(collections.clusterRoleBindings, binding)
  return { serviceAccounts, bindings: [...roleBindings, ...clusterRoleBindings] }
}

/** Lists an install's Leases, by its labels, a page at a time; `unreadable` is told why one cannot be read. */
export async function* readLeases(
  connection: Connection,
  scope: SessionScope,
  options: ReadOptions & { readonly unreadable: (error: LeaseUnreadable) => void },
): AsyncGenerator<LeasePage, void, undefined> {
  for await (const { items, first } of pagesOf(
    connection,
    scope,
    collections.leases(scope.sessionsNamespace),
    options,
  )) {
    const leases: SessionRecord[] = []
    const unreadable: string[] = []
    for (const item of items) {
      const identity = readIdentity(item)
      if (!isSession(identity, scope)) continue
      try {
        leases.push(decodeLease(item))
      } catch (error) {
        if (!(error instanceof LeaseUnreadable)) throw error
        options.unreadable(error)
        unreadable.push(identity.name)
      }
    }
    yield { first, leases, unreadable }
  }
}

function pagesOf(
  connection: Connection,
  { install }: SessionScope,
  path: string,
  options: ReadOptions,
): AsyncGenerator<ObjectPage, void, undefined> {
  return listPages(connection, { path, labelSelector: ownerSelector(install) }, options)
}

function isSession({ name }: { readonly name: string }, { install }: SessionScope): boolean {
  return name.startsWith(`${install}-user-`)
}
