import type { SessionRecord } from '#core/session/session-record'
import { compareSequence } from '#events'
import type { KnownSession } from './answer.ts'
import type { RecentLogin } from './recent-logins.ts'
import type { LoginWish } from './wish.ts'

/** How a person stands with this cluster right now. */
export type Standing =
  | { readonly kind: 'live'; readonly session: KnownSession }
  | { readonly kind: 'provisioning'; readonly session: Omit<KnownSession, 'session'> }
  /** Over, or past its valid-until. */
  | { readonly kind: 'ended'; readonly session: KnownSession; readonly endedAt: number }
  /** A login of the last minute failed. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'none' }

/** Everything that login knows about one person. */
export interface Knowledge {
  readonly userId: string
  readonly login: string
  readonly record: SessionRecord | undefined
  readonly recent: RecentLogin | undefined
  readonly pending: LoginWish | undefined
}

/** Says how a person stands, from the Lease and from what login saw before the watch did. */
export function standingOf({ userId, login, record, recent, pending }: Knowledge, now: number): Standing {
  // Under one name there may be a session of somebody else, who had this login before.
  const own = record?.userId === userId && record.login === login ? record : undefined
  const granted = recent?.kind === 'granted' && recent.userId === userId ? recent : undefined
  if (granted && isNews(granted.sequence, record)) return liveUntil(granted.session, now)
  if (own?.phase === 'live') return liveUntil(own, now)
  if (own?.phase === 'provisioning' && own.requestExpiresAt > now) return { kind: 'provisioning', session: own }
  if (pending) return { kind: 'provisioning', session: pending }
  if (recent?.kind === 'failed') return { kind: 'failed' }
  if (own?.phase === 'ended' && hasTerms(own)) return { kind: 'ended', session: own, endedAt: own.endedAt }
  return { kind: 'none' }
}

/** True when the Lease does not know yet what the person was told: a grant of this sequence. */
export function isNews(sequence: string, record: SessionRecord | undefined): boolean {
  if (!record) return true
  const order = compareSequence(record.sequence, sequence)
  return order < 0 || (order === 0 && record.phase === 'provisioning')
}

function liveUntil(session: KnownSession, now: number): Standing {
  return session.validUntil > now ? { kind: 'live', session } : { kind: 'ended', session, endedAt: session.validUntil }
}

function hasTerms<T extends Partial<KnownSession>>(record: T): record is T & KnownSession {
  return record.session !== undefined && record.role !== undefined && record.validUntil !== undefined
}
