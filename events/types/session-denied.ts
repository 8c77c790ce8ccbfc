import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { EventId } from '../fields.ts'

/** There will be no session, or no token, for this request. */
export const SessionDenied = eventSchema(
  'dev.tka.session.denied.v1',
  dataSchema({
    request: EventId,
    /** One of the problem table (functions/core/problem.ts). */
    code: v.pipe(v.string(), v.regex(/^[a-z][a-z-]{0,39}$/, 'must be the code of a problem')),
    /** True when the same request may succeed later. */
    retriable: v.boolean(),
  }),
)
