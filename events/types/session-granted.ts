import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { EventId, Namespaces, Role, Sealed, WireTime } from '../fields.ts'

/** The session is live and its token is sealed to the key of the request. */
export const SessionGranted = eventSchema(
  'dev.tka.session.granted.v1',
  dataSchema({
    request: EventId,
    session: EventId,
    role: Role,
    namespaces: v.exactOptional(Namespaces),
    validUntil: WireTime,
    /** True when a live session was extended. */
    renewed: v.boolean(),
    sealed: Sealed,
  }),
)
