import { dataSchema, eventSchema } from '../envelope.ts'
import { EventId, Login, NodeId, SealingJwk, UserId } from '../fields.ts'

/** login asks for another token of a live session. */
export const CredentialRequested = eventSchema(
  'dev.tka.credential.requested.v1',
  dataSchema({ session: EventId, login: Login, userId: UserId, node: NodeId, key: SealingJwk }),
)
