import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { RequestId, SessionId } from '../fields.ts'

/** A session is to end now. Without `session`: whatever the subject has, for a logout that found none. */
export const SessionRevocationRequested = eventSchema(
  'dev.tka.session.revocation.requested.v1',
  dataSchema('logout or the sweeper asks that a session end now, and says why.', {
    /** Id of the event that asked for it; a sweeper's finding is its own, since nobody signs what makes it look. */
    request: RequestId,
    session: v.exactOptional(SessionId),
    reason: v.pipe(
      v.picklist(['logout', 'grant-lost', 'grant-lowered', 'expired', 'orphaned']),
      v.description('Why. `expired` and `orphaned` are a sweep’s, and count only if the provisioner sees the same.'),
    ),
  }),
)
