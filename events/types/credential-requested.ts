import { dataSchema, eventSchema } from '../envelope.ts'
import { Login, NodeId, SealingJwk, SessionId, UserId } from '../fields.ts'

/** login asks for another token of a live session. */
export const CredentialRequested = eventSchema(
  'dev.tka.credential.requested.v1',
  dataSchema('login asks for another token of a live session.', {
    session: SessionId,
    login: Login,
    userId: UserId,
    node: NodeId,
    key: SealingJwk,
  }),
)
