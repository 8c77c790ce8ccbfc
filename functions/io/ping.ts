import { createEvent, type EventOf, type FunctionName, sourceOf } from '#events'
import { version } from './version.ts'

/** The answer to a ping: which function this is, in which version. */
export function answerPing(options: {
  readonly function: FunctionName
  readonly cluster: string
  readonly now: () => number
}): EventOf<'dev.tka.pong.v1'> {
  return createEvent('dev.tka.pong.v1', {
    source: sourceOf(options.cluster, options.function),
    subject: options.function,
    data: { function: options.function, version },
    now: options.now(),
  })
}
