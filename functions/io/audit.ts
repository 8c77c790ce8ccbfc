import type { EndReason } from '#core/session/session-record'
import type { TailnetIdentity } from '#core/tailnet-identity'
import type { ProblemCode } from '../core/problem.ts'
import type { Logger } from './log.ts'

/** The session that a decision is about. */
interface AuditedSession {
  /** Session id. */
  readonly id?: string
  readonly role: string
  /** Absent: the whole cluster. */
  readonly namespaces?: readonly string[]
  /** RFC 3339, UTC, whole seconds. */
  readonly validUntil: string
}

/**
 * One decision about somebody's access; docs/telemetry.md has the fields as a table. Never a token, nor anything that one could be made of.
 * A record may come twice where an event was delivered twice: `session.id` and `action` tell which is which.
 */
export interface AuditRecord {
  /** What was decided about; `other` is a request that was refused before it was any of these. */
  readonly action: 'login' | 'logout' | 'kubeconfig' | 'session-end' | 'other'
  /** `failed`: nothing could be decided, or it could not be carried out. */
  readonly decision: 'allowed' | 'refused' | 'failed' | 'ended'
  /** Why: the code of the problem, or the reason of the end; absent where it was allowed. */
  readonly reason?: ProblemCode | EndReason
  /** What the tailnet said was asking; absent at the end of a session. */
  readonly who?: TailnetIdentity['kind']
  readonly login?: string
  readonly userId?: string
  /** Stable node id, and its name where the tailnet was asked. */
  readonly node?: { readonly id: string; readonly name?: string }
  /** What was asked for, beyond the action. */
  readonly asked?: { readonly role?: string }
  readonly session?: AuditedSession
  /** How long it took until access was gone, in milliseconds. */
  readonly revokedInMs?: number
}

/** Keeps a record of a decision. */
export type Audit = (record: AuditRecord) => void

/** Writes each record as a line of the log with `"kind":"audit"`, whatever the log's level. */
export function createAudit(log: Logger): Audit {
  return record => log.record('audit', `${record.action} ${record.decision}`, { ...record })
}
