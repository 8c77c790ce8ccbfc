import * as v from 'valibot'
import { EventId, Sequence, Source, Subject, WireTime } from './fields.ts'

/** The attributes of every signed event beside `specversion`, `type` and `datacontenttype`. */
const envelope = {
  id: EventId,
  source: Source,
  subject: Subject,
  time: WireTime,
  /** Same as `subject`: one person's events stay in order. */
  partitionkey: Subject,
  /** Id of the person's request event, through the whole flow. */
  correlationid: EventId,
  /** Id of the event that caused this one. */
  causationid: EventId,
  expirytime: WireTime,
  sequence: Sequence,
}

/** The extension attributes that every signature covers, in this order. */
export const signedExtensions = ['partitionkey', 'correlationid', 'causationid', 'expirytime', 'sequence'] as const

/** Schema of one type of event; unknown fields of its data are refused, since an ignored one could widen what is asked. */
export function eventSchema<const T extends string, const D extends v.GenericSchema>(type: T, data: D) {
  return v.pipe(
    v.strictObject({ type: v.literal(type), ...envelope, data }),
    v.check(event => event.partitionkey === event.subject, 'must have its subject as its partitionkey'),
    v.readonly(),
  )
}

/** Schema of an event's data; the description, and those of the fields, are what the published JSON Schema says. */
export function dataSchema<const E extends v.ObjectEntries>(description: string, entries: E) {
  return v.pipe(v.strictObject(entries), v.readonly(), v.description(description))
}
