import type { BindingRef } from './session-record.ts'

/**
 * The bindings of a session: one ClusterRoleBinding when it reaches the whole cluster, else one RoleBinding in each namespace.
 * Their name begins with the ServiceAccount's (the guard insists) and ends with what is random in the session's UUIDv7, so that
 * the bindings of two sessions of one person never share a name.
 */
export function sessionBindings(
  serviceAccount: string,
  session: string,
  namespaces: readonly string[] | undefined,
): readonly BindingRef[] {
  const name = `${serviceAccount}-${session.replaceAll('-', '').slice(-12)}`
  return namespaces === undefined ? [{ name }] : namespaces.map(namespace => ({ name, namespace }))
}

/** True when both name the same object. */
export function sameBinding(a: BindingRef, b: BindingRef): boolean {
  return a.name === b.name && a.namespace === b.namespace
}
