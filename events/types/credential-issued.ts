import { dataSchema, eventSchema } from '../envelope.ts'
import { EventId, Sealed, WireTime } from '../fields.ts'

/** Another token of a live session, sealed to the key of the request. */
export const CredentialIssued = eventSchema(
  'dev.tka.credential.issued.v1',
  dataSchema({ request: EventId, session: EventId, validUntil: WireTime, sealed: Sealed }),
)
