import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { Login, NodeId, UserId } from '../fields.ts'

/** A person wants out, or the tailnet policy no longer gives what their session holds. */
export const LogoutRequested = eventSchema(
  'dev.tka.logout.requested.v1',
  dataSchema('A person wants out, or the tailnet policy no longer gives what the session holds.', {
    login: Login,
    userId: UserId,
    node: NodeId,
    reason: v.pipe(
      v.picklist(['asked', 'grant-lost', 'grant-lowered']),
      v.description(
        '`asked` by the person; `grant-lost`: no rule gives this any more; `grant-lowered`: a rule gives less time.',
      ),
    ),
  }),
)
