import type { ObservedBinding, ObservedServiceAccount } from './observed.ts'
import type { BindingRef, SessionRecord, SessionTerms } from './session-record.ts'

/** One call to the cluster. The actions of one step do not depend on each other and are carried out in parallel. */
export type Action =
  /** Creates the Lease, or patches it at the record's resourceVersion. */
  | { readonly do: 'write-lease'; readonly record: SessionRecord }
  | { readonly do: 'delete-lease'; readonly record: SessionRecord }
  | { readonly do: 'create-service-account'; readonly name: string; readonly terms: SessionTerms }
  | { readonly do: 'create-binding'; readonly binding: BindingRef; readonly name: string; readonly terms: SessionTerms }
  | {
      readonly do: 'date-service-account'
      readonly serviceAccount: ObservedServiceAccount
      readonly validUntil: number
    }
  | { readonly do: 'date-binding'; readonly binding: ObservedBinding; readonly validUntil: number }
  /** Deletes a binding; without a UID by its name alone. */
  | { readonly do: 'delete-binding'; readonly binding: BindingRef & { readonly uid?: string } }
  /** Asks whether a deleted binding is really gone. */
  | { readonly do: 'read-binding'; readonly binding: BindingRef & { readonly uid?: string } }
  | { readonly do: 'delete-service-account'; readonly serviceAccount: ObservedServiceAccount }
  /** Waits until the API server's authoriser refuses what the bindings gave. */
  | { readonly do: 'verify-refused'; readonly name: string; readonly bindings: readonly BindingRef[] }
