import * as v from 'valibot'
import type { CallOptions, Kubernetes } from './kubernetes.ts'

/** An owner of objects anywhere in the cluster (metadata.ownerReferences). */
export interface NamespaceOwner {
  readonly apiVersion: 'v1'
  readonly kind: 'Namespace'
  readonly name: string
  readonly uid: string
}

const Namespace = v.object({ metadata: v.object({ uid: v.string() }) })

/** How long the namespace is believed to be the same one, in milliseconds. */
const freshMs = 60_000

/**
 * The sessions namespace as the owner of session bindings. They stand in other namespaces or in none, so that nothing else takes
 * them away with an uninstall: whoever deletes the namespace has the garbage collector delete the bindings. It is the one owner that
 * an object of a session may have, cannot go while a session should live, and blocks nothing (no blockOwnerDeletion).
 */
export function sessionsOwner(
  { core, call }: Pick<Kubernetes, 'core' | 'call'>,
  name: string,
  now: () => number = () => performance.now(),
): (options: CallOptions) => Promise<NamespaceOwner> {
  let read: { readonly owner: NamespaceOwner; readonly at: number } | undefined
  return async options => {
    if (read !== undefined && now() - read.at < freshMs) return read.owner
    const { uid } = v.parse(Namespace, await core.readNamespace({ name }, call(options))).metadata
    read = { owner: { apiVersion: 'v1', kind: 'Namespace', name, uid }, at: now() }
    return read.owner
  }
}
