import type { SessionRecord } from '#core/session/session-record'
import { compareSequence } from '#events'
import type { KnownSession } from './answer.ts'
import type { RecentLogin } from './recent-logins.ts'
import type { LoginWish } from './wish.ts'

/** How a person stands with this cluster right now. */
export type Standing =
  | { readonly kind: 'live'; readonly session: KnownSession }
  | { readonly kind: 'provisioning'; readonly session: Omit<KnownSession, 'session'> }
  | ({ readonly kind: 'ended' } & EndedSession)
  /** A login of the last minute failed; whatever there was before it is over. */
  | { readonly kind: 'failed'; readonly before: EndedSession | undefined }
  /** The watch of the Leases is broken, and what it saw last gives the person nothing. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'none' }

/** A session that is over, or past its valid-until. */
export interface EndedSession {
  readonly session: KnownSession
  /** Epoch milliseconds. */
  readonly endedAt: number
}

/** Everything that login knows about one person. */
export interface Knowledge {
  readonly userId: string
  readonly login: string
  readonly record: SessionRecord | undefined
  /** False while the watch is broken and the Lease may say something else by now. */
  readonly current: boolean
  readonly recent: RecentLogin | undefined
  readonly pending: LoginWish | undefined
}

/** Says how a person stands, from the Lease and from what login saw before the watch did. */
export function standingOf(known: Knowledge, now: number): Standing {
  const { userId, login, record, recent, pending } = known
  // Under one name there may be a session of somebody else, who had this login before.
  const own = record?.userId === userId && record.login === login ? record : undefined
  const granted = recent?.kind === 'granted' && recent.userId === userId ? recent : undefined
  const held = granted && isNews(granted.sequence, record) ? granted.session : own?.phase === 'live' ? own : undefined
  if (held && held.validUntil > now) return { kind: 'live', session: held }
  if (own?.phase === 'provisioning' && own.requestExpiresAt > now) return { kind: 'provisioning', session: own }
  if (pending) return { kind: 'provisioning', session: pending }
  if (!known.current) return { kind: 'unknown' }
  const before = held ? { session: held, endedAt: held.validUntil } : endOf(own)
  if (recent?.kind === 'failed') return { kind: 'failed', before }
  return before ? { kind: 'ended', ...before } : { kind: 'none' }
}

/** True when the Lease does not know yet what the person was told: a grant of this sequence. */
export function isNews(sequence: string, record: SessionRecord | undefined): boolean {
  if (!record) return true
  const order = compareSequence(record.sequence, sequence)
  return order < 0 || (order === 0 && record.phase === 'provisioning')
}

function endOf(record: SessionRecord | undefined): EndedSession | undefined {
  return record?.phase === 'ended' && hasTerms(record) ? { session: record, endedAt: record.endedAt } : undefined
}

function hasTerms<T extends Partial<KnownSession>>(record: T): record is T & KnownSession {
  return record.session !== undefined && record.role !== undefined && record.validUntil !== undefined
}
