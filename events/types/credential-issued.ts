import { dataSchema, eventSchema } from '../envelope.ts'
import { RequestId, Sealed, SessionId, ValidUntil } from '../fields.ts'

/** Another token of a live session, sealed to the key of the request. */
export const CredentialIssued = eventSchema(
  'dev.tka.credential.issued.v1',
  dataSchema('Another token of a live session, sealed to the key of the request.', {
    request: RequestId,
    session: SessionId,
    validUntil: ValidUntil,
    sealed: Sealed,
  }),
)
