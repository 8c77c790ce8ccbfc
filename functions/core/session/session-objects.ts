import { sameBinding } from './binding-names.ts'
import type { Observed, ObservedBinding, ObservedServiceAccount } from './observed.ts'
import type { BindingRef, SessionTerms } from './session-record.ts'

/** True when this ServiceAccount is the one that a session with these terms made, and nobody else has a hand on it. */
export function isSessionServiceAccount(serviceAccount: ObservedServiceAccount, terms: SessionTerms): boolean {
  return (
    serviceAccount.ours &&
    !serviceAccount.deleting &&
    !serviceAccount.owned &&
    serviceAccount.finalizers.length === 0 &&
    serviceAccount.session === terms.session &&
    serviceAccount.login === terms.login &&
    serviceAccount.userId === terms.userId
  )
}

/** True when this binding is one that a session with these terms made: named in the Lease, with its role, for this person alone. */
export function isSessionBinding(binding: ObservedBinding, name: string, terms: SessionTerms): boolean {
  return (
    binding.ours &&
    !binding.deleting &&
    !binding.owned &&
    binding.finalizers.length === 0 &&
    binding.session === terms.session &&
    binding.roleKind === 'ClusterRole' &&
    binding.role === terms.role &&
    binding.sessionsOnly &&
    binding.serviceAccounts.length === 1 &&
    binding.serviceAccounts[0] === name &&
    terms.bindings.some(named => sameBinding(named, binding))
  )
}

/** The bindings of a person that no session with these terms made. */
export function foreignBindings(observed: Observed, terms: SessionTerms): readonly ObservedBinding[] {
  return observed.bindings.filter(binding => !isSessionBinding(binding, observed.name, terms))
}

/** The bindings that the terms name and nobody sees. */
export function absentBindings(observed: Observed, terms: SessionTerms): readonly BindingRef[] {
  return terms.bindings.filter(named => !observed.bindings.some(binding => sameBinding(binding, named)))
}

/** A hand on an object that keeps it from going away. */
export function heldBy(object: { readonly finalizers: readonly string[] }): string {
  return object.finalizers.length === 0 ? 'nothing that it names' : `finalizer ${object.finalizers.join(', ')}`
}
