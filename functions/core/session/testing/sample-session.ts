import { sessionBindings } from '../binding-names.ts'
import type { WantedSession } from '../plan-login.ts'
import type { LiveRecord } from '../session-record.ts'

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute

/** A whole second, so that what is written is what is read. */
export const start = Date.parse('2026-11-23T10:00:00Z')

export const limits = { maxSessionSeconds: 24 * 3600 }

/** A login of alice, eight hours of `view`, asked at `start`. */
export function wantedSession(change: Partial<WantedSession> = {}): WantedSession {
  const askedAt = change.askedAt ?? start
  return {
    name: 'tka-user-alice',
    login: 'alice@example.com',
    userId: '7',
    node: 'node-1',
    role: 'view',
    request: '0193-request-1',
    sequence: '0000000000000001',
    askedAt,
    validUntil: askedAt + 8 * hour,
    expiresAt: askedAt + 25 * second,
    ...change,
  }
}

/** The Lease of that login once it is live. */
export function liveRecord(change: Partial<LiveRecord> = {}): LiveRecord {
  const { name, login, userId, node, role, request, sequence, askedAt, validUntil } = wantedSession()
  return {
    name,
    phase: 'live',
    sequence,
    session: request,
    login,
    userId,
    node,
    role,
    bindings: sessionBindings(name, request, undefined),
    startedAt: askedAt,
    request,
    validUntil,
    serviceAccountUid: 'uid-sa',
    ...change,
  }
}
