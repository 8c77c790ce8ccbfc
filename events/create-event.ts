import { v7 } from 'uuid'
import * as v from 'valibot'
import { type EventData, type EventOf, type EventType, isOfType, TkaEvent } from './event.ts'
import { toWireTime } from './instant.ts'
import { issuePaths } from './issue-paths.ts'
import { noWish } from './sequence.ts'

/** What makes an event, beside its type. */
export interface NewEvent<T extends EventType> {
  /** {@link sourceOf} of the function that signs it. */
  readonly source: string
  /** Name of the person's ServiceAccount. */
  readonly subject: string
  readonly data: EventData[T]
  /** Epoch milliseconds. */
  readonly now: number
  /** The event that this one answers or follows from: gives `correlationid`, `causationid` and, unless given, `sequence`. */
  readonly cause?: TkaEvent
  /** The person's wish ({@link sequenceAt}); none by default. */
  readonly sequence?: string
  /** A new UUIDv7 by default. */
  readonly id?: string
  /** Epoch milliseconds (cut to seconds): when nobody waits for it any more. By default 60 s from now, which is the longest. */
  readonly expiresAt?: number
}

/** The longest life of an event, in seconds. */
export const longestLifeSeconds = 60

/**
 * Makes an event. Throws when it is not what its schema says, which is a bug of the caller.
 * @example createEvent('dev.tka.session.ended.v1', { source: sourceOf('lab', 'provisioner'), subject, data, now: Date.now() })
 */
export function createEvent<T extends EventType>(type: T, fields: NewEvent<T>): EventOf<T> {
  const { source, subject, data, now, cause, id = v7() } = fields
  const second = Math.floor(now / 1000) * 1000
  const parsed = v.safeParse(TkaEvent, {
    type,
    id,
    source,
    subject,
    time: toWireTime(second),
    partitionkey: subject,
    correlationid: cause?.correlationid ?? id,
    causationid: cause?.id ?? id,
    expirytime: toWireTime(fields.expiresAt ?? second + longestLifeSeconds * 1000),
    sequence: fields.sequence ?? cause?.sequence ?? noWish,
    data,
  })
  if (!parsed.success) throw new TypeError(`${type}: ${issuePaths(parsed.issues)}`)
  if (!isOfType(parsed.output, type)) throw new TypeError(`${type}: is not the type that was made`)
  return parsed.output
}
