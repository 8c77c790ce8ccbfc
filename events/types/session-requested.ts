import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { Login, Namespaces, NodeId, NodeName, PeriodSeconds, Role, SealingJwk, UserId } from '../fields.ts'

/** login asks for a session, by the rule that it found for this person on this node. */
export const SessionRequested = eventSchema(
  'dev.tka.session.requested.v1',
  dataSchema(
    'login asks for a session: who, from which node, which role, for how long, and the one-time key to seal the answer to.',
    {
      login: Login,
      userId: UserId,
      node: NodeId,
      nodeName: NodeName,
      role: Role,
      namespaces: v.exactOptional(Namespaces),
      /** Seconds. */
      period: PeriodSeconds,
      key: SealingJwk,
    },
  ),
)
