import * as v from 'valibot'
import { dataSchema, eventSchema } from '../envelope.ts'

/** A function's answer to a ping. Its subject is the function's name. */
export const Pong = eventSchema(
  'dev.tka.pong.v1',
  dataSchema('The answer to a ping: which function, in which version.', {
    function: v.pipe(
      v.string(),
      v.regex(/^[a-z]{1,20}$/, 'must be the name of a function'),
      v.description('The name of the function that answers.'),
    ),
    version: v.pipe(
      v.string(),
      v.regex(/^[\x21-\x7e]{1,64}$/, 'must be a version'),
      v.description('The version of TKA that it is of.'),
    ),
  }),
)
