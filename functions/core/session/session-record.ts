import type { endReasons } from '#events/types/session-ended'

/**
 * What a person's Lease says: the commit point of every session. Truth lives in cluster objects, not in the stream of events,
 * so everything the provisioner needs after a crash is in here.
 */
export type SessionRecord = ProvisioningRecord | LiveRecord | EndedRecord

/** Why a session ended; the reason of `session.ended`. */
export type EndReason = (typeof endReasons)[number]

/** The name of one binding of a session; a RoleBinding has a namespace, a ClusterRoleBinding has none. */
export interface BindingRef {
  readonly name: string
  readonly namespace?: string
}

interface LeaseIdentity {
  /** The Lease's name, which is the ServiceAccount's name, an event's subject and its partition key. */
  readonly name: string
  /** The highest wish of the person that was recorded: 16 digits (events.md, Order). */
  readonly sequence: string
  /** The Lease's own UID and resourceVersion; absent on a record that was never written. */
  readonly uid?: string
  readonly resourceVersion?: string
}

/** Who a session is for and what it gives; fixed for the session's life. */
export interface SessionTerms {
  /** The session's id: the id of the event that asked for it. */
  readonly session: string
  readonly login: string
  readonly userId: string
  /** Stable id of the node that began the session. */
  readonly node: string
  readonly role: string
  /** Sorted and unique; absent means the whole cluster. */
  readonly namespaces?: readonly string[]
  /** Every binding of the session, written down before the first of them is made. */
  readonly bindings: readonly BindingRef[]
  /** Epoch milliseconds, whole seconds: the signed `time` of the event that asked for the session. */
  readonly startedAt: number
  /** Id of the latest login event that was answered, or is being answered, with this session. */
  readonly request: string
  /** Epoch milliseconds, whole seconds: the signed `time` of the latest login + its `period`. */
  readonly validUntil: number
}

/** Objects are being made; past due once nobody waits for them any more. */
export interface ProvisioningRecord extends LeaseIdentity, SessionTerms {
  readonly phase: 'provisioning'
  /** Epoch milliseconds: `expirytime` of the request. */
  readonly requestExpiresAt: number
}

/** An extension that is written down but not yet carried out on ServiceAccount and bindings. */
export interface PendingExtension {
  readonly request: string
  /** Stable id of the node that asked for it. */
  readonly node: string
  readonly validUntil: number
  readonly requestExpiresAt: number
}

/** The session is usable: exactly one ServiceAccount UID belongs to it. */
export interface LiveRecord extends LeaseIdentity, SessionTerms {
  readonly phase: 'live'
  readonly serviceAccountUid: string
  /** Stable id of the node whose login gave `validUntil`, where that is not the one that began the session. */
  readonly extendedBy?: string
  readonly extension?: PendingExtension
}

/**
 * Nothing is left, or is about to be. A logout without a session leaves such a record too, so that a login that it overtook
 * finds its sequence: it then has no terms.
 */
export interface EndedRecord extends LeaseIdentity, Partial<SessionTerms> {
  readonly phase: 'ended'
  readonly endedAt: number
  readonly endReason: EndReason
  /** Id of the request that ended it; absent when nobody asked (expiry, clean-up). */
  readonly endedBy?: string
  /** Present when the session had been live. */
  readonly serviceAccountUid?: string
}

/** True for a session that, by its Lease, gives access now (epoch milliseconds). */
export function isLive(record: SessionRecord, now: number): record is LiveRecord {
  return record.phase === 'live' && record.validUntil > now
}
