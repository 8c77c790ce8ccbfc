import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { EventId } from '../fields.ts'

/** A session is to end now. Without `session`: whatever the subject has, for a logout that found none. */
export const SessionRevocationRequested = eventSchema(
  'dev.tka.session.revocation.requested.v1',
  dataSchema({
    /** Id of the event that asked for it; a sweeper's finding is its own, since nobody signs what makes it look. */
    request: EventId,
    session: v.exactOptional(EventId),
    reason: v.picklist(['logout', 'grant-lost', 'grant-lowered', 'expired', 'orphaned']),
  }),
)
