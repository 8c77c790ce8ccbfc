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
  /** True when an ownerReference points anywhere: none of ours has one. */
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
  /** Names of the session ServiceAccounts that it binds, however it names them (ServiceAccount or User). */
  readonly serviceAccounts: readonly string[]
  /** True when it binds the group of all session identities. */
  readonly everySession: boolean
  /** True when it binds anybody else as well, so that deleting it would take rights from others. */
  readonly others: boolean
}

/** Everything the cluster shows about one person at one moment. */
export interface Observed {
  readonly lease?: SessionRecord
  readonly serviceAccount?: ObservedServiceAccount
  readonly bindings: readonly ObservedBinding[]
}
