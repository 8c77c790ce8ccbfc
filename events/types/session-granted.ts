import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { Namespaces, RequestId, Role, Sealed, SessionId, ValidUntil } from '../fields.ts'

/** The session is live and its token is sealed to the key of the request. */
export const SessionGranted = eventSchema(
  'dev.tka.session.granted.v1',
  dataSchema('The session is live until the time it says; its token is sealed to the key of the request.', {
    request: RequestId,
    session: SessionId,
    role: Role,
    namespaces: v.exactOptional(Namespaces),
    validUntil: ValidUntil,
    renewed: v.pipe(v.boolean(), v.description('Whether a live session was extended; false for a new one.')),
    sealed: Sealed,
  }),
)
