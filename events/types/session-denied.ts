import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'
import { RequestId } from '../fields.ts'

/** There will be no session, or no token, for this request. */
export const SessionDenied = eventSchema(
  'dev.tka.session.denied.v1',
  dataSchema('There will be no session or no token; the code says why.', {
    request: RequestId,
    code: v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z-]{0,39}$/, 'must be the code of a problem'),
      v.description('Why: a code of the problem table, functions/core/problem.ts.'),
    ),
    retriable: v.pipe(v.boolean(), v.description('Whether the same request may succeed later.')),
  }),
)
