import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { RequestId, Role, SessionId, ValidUntil } from '../fields.ts'

/** Why a session ended. */
export const endReasons = [
  'logout',
  'grant-lost',
  'grant-lowered',
  'expired',
  'orphaned',
  'replaced',
  'disagreement',
  'incomplete',
] as const

/** The session's access is gone, and how long that took. */
export const SessionEnded = eventSchema(
  'dev.tka.session.ended.v1',
  dataSchema("The session's access is gone, and how long that took.", {
    /** Absent when nobody asked: expiry by timer, clean-up. */
    request: v.exactOptional(RequestId),
    /** Absent when there was no session to end. */
    session: v.exactOptional(SessionId),
    reason: v.pipe(v.picklist(endReasons), v.description('Why the session ended.')),
    validUntil: v.exactOptional(ValidUntil),
    role: v.exactOptional(Role),
    revokedInMs: v.pipe(
      v.number(),
      v.finite(),
      v.minValue(0),
      v.description('From the decision to the proof that access is gone, in milliseconds.'),
    ),
    hadAccess: v.pipe(v.boolean(), v.description('Whether there was a session that gave access until now.')),
  }),
)
