import * as v from 'valibot'
import { decodeBinary, encodeBinary } from './binary-mode.ts'
import { EventRefused } from './event-refused.ts'
import { EventId } from './fields.ts'
import type { HttpMessage } from './http-message.ts'
import { toWireTime } from './instant.ts'

/** Types of ours that nobody signs: they ask to look, and carry no authority and no data. */
export const hintTypes = ['dev.tka.ping.v1', 'dev.tka.sweep.requested.v1'] as const
/** One of {@link hintTypes}. */
export type HintType = (typeof hintTypes)[number]

/** An unsigned event, of which nothing is believed: it may start only work that is right at any time. */
export interface Hint {
  readonly type: string
  readonly id: string
}

/** Writes a hint in HTTP binary mode. `now` is epoch milliseconds. */
export function encodeHint(hint: {
  readonly type: HintType
  readonly id: string
  readonly source: string
  readonly now: number
}): HttpMessage {
  const { type, id, source, now } = hint
  return encodeBinary({ specversion: '1.0', type, id, source, time: toWireTime(now) }, Buffer.from('{}'))
}

/** Reads a hint; throws {@link EventRefused} when it is no event in HTTP binary mode. */
export function decodeHint(message: HttpMessage): Hint {
  const { type, id } = decodeBinary(message).attributes
  if (type === undefined) throw new EventRefused('attribute-missing', 'type')
  if (!v.is(EventId, id)) throw new EventRefused('attribute-invalid', 'id')
  return { type, id }
}
