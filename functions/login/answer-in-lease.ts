import { sameRights } from '#core/compare-rights'
import type { SessionRecord } from '#core/session/session-record'
import { compareSequence } from '#events'
import type { Answer } from './answer.ts'
import type { LoginWish } from './wish.ts'

/**
 * What a person's Lease says about their login, for when the event that says so got lost or went to another pod; `undefined`
 * while it says nothing yet.
 */
export function answerInLease(wish: LoginWish, record: SessionRecord): Answer | undefined {
  const order = compareSequence(record.sequence, wish.sequence)
  if (order < 0 || record.phase === 'provisioning') return undefined
  if (record.phase === 'ended') return { kind: 'denied', code: order > 0 ? 'superseded' : 'unavailable' }
  if (record.extension !== undefined) return undefined
  // A later login from another device of theirs, under the same rule, made the session that this one asked for.
  if (record.userId !== wish.userId || !sameRights(record, wish)) return { kind: 'denied', code: 'superseded' }
  return { kind: 'granted', session: record }
}
