import type { BindingRef, SessionRecord } from './session-record.ts'

/** What an object says about the session that it belongs to, as far as it says anything. */
export interface ObservedMetadata {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** True once somebody deleted it and a finalizer holds it. */
  readonly deleting: boolean
  readonly finalizers: readonly string[]
  /** True when an ownerReference points anywhere but to the sessions namespace. */
  readonly owned: boolean
  /** True when it carries our labels `managed-by` and `instance`. */
  readonly ours: boolean
  readonly session?: string
  readonly login?: string
  readonly userId?: string
  /** Epoch milliseconds; absent when the annotation is missing or unreadable. */
  readonly validUntil?: number
}

export interface ObservedServiceAccount extends ObservedMetadata {}

/** A binding that gives something to a session identity, found by its subjects and not by its labels. */
export interface ObservedBinding extends ObservedMetadata, BindingRef {
  readonly role: string
  readonly roleKind: string
  /** Names of the session ServiceAccounts that it binds, however it names them (as ServiceAccount or as User). */
  readonly serviceAccounts: readonly string[]
  /** True when it binds the group of all session identities. */
  readonly everySession: boolean
  /** True when every subject is a session's ServiceAccount: only then does deleting it take nothing from anybody else. */
  readonly sessionsOnly: boolean
}

/** Everything the cluster shows about one person at one moment, and what this run already knows about what it took away. */
export interface Observed {
  readonly name: string
  readonly lease?: SessionRecord
  readonly serviceAccount?: ObservedServiceAccount
  /** Every binding that binds this person's ServiceAccount, ours and foreign ones. */
  readonly bindings: readonly ObservedBinding[]
  /** Bindings that bind the group of all session identities: none should exist. */
  readonly groupBindings: readonly ObservedBinding[]
  /** Bindings whose deletion was accepted, but of which no 404 was seen yet. */
  readonly unconfirmed: readonly (BindingRef & { readonly uid?: string })[]
  /** Bindings that were asked for by name and are not there (404). */
  readonly missing: readonly BindingRef[]
  /** True once the API server's authoriser was seen to refuse the person. */
  readonly refused: boolean
}

/** Shared, since a sweep holds everybody at once. */
const none: readonly never[] = []

/** The same with nothing there. */
export function nothingObserved(name: string): Observed {
  return { name, bindings: none, groupBindings: none, unconfirmed: none, missing: none, refused: false }
}
