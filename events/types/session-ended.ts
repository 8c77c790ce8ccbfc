import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { EventId, Role, WireTime } from '../fields.ts'

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
  dataSchema({
    /** Absent when nobody asked: expiry by timer, clean-up. */
    request: v.exactOptional(EventId),
    /** Absent when there was no session to end. */
    session: v.exactOptional(EventId),
    reason: v.picklist(endReasons),
    validUntil: v.exactOptional(WireTime),
    role: v.exactOptional(Role),
    /** Milliseconds from the decision to the proof that access is gone. */
    revokedInMs: v.pipe(v.number(), v.finite(), v.minValue(0)),
    hadAccess: v.boolean(),
  }),
)
