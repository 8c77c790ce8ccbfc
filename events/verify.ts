import * as v from 'valibot'
import { authority, isEventType } from './authority.ts'
import { decodeBinary, type WireEvent } from './binary-mode.ts'
import { decodeDsse, parseJson, preAuthenticationEncoding } from './dsse.ts'
import { signedExtensions } from './envelope.ts'
import { type EventOf, type EventType, isOfType, TkaEvent } from './event.ts'
import { EventRefused } from './event-refused.ts'
import { sourceOf } from './functions.ts'
import type { HttpMessage } from './http-message.ts'
import { parseRfc3339, toWireTime } from './instant.ts'
import { issuePaths } from './issue-paths.ts'
import type { KeySet, PublicKey } from './keys/key-set.ts'
import { digestsOf, VerificationMaterial } from './material.ts'
import { checkTime, clockAheadMs } from './time-window.ts'

/** What an event is held against. */
export interface VerifyOptions<T extends EventType> {
  readonly keys: KeySet
  /** Name of our cluster: events of another one are refused. */
  readonly cluster: string
  /** Epoch milliseconds. */
  readonly now: number
  /** The types that the receiver acts on ({@link eventTypes}: every one). */
  readonly accept: readonly T[]
  /** True only for whoever answers for events that nobody took in time. */
  readonly allowExpired?: boolean
}

/**
 * Reads and checks a signed event; what it gives holds nothing but what was signed. Rejects with {@link EventRefused}.
 * In this order: size, form, type, signature, whether this key may say this, time, data.
 */
export async function verify<T extends EventType>(
  message: HttpMessage,
  options: VerifyOptions<T>,
): Promise<EventOf<T>> {
  const wire = decodeBinary(message)
  const type = acceptedType(wire, options.accept)
  checkComplete(wire)
  const key = checkSignature(wire, options)
  checkAuthority(wire, type, key, options.cluster)
  const event = parseEvent(wire, type)
  checkTime(event, options.now, options.allowExpired === true || authority[type].neverStale)
  return event
}

function acceptedType<T extends EventType>({ attributes }: WireEvent, accept: readonly T[]): T {
  const type = accept.find(accepted => accepted === attributes.type)
  if (type !== undefined) return type
  throw new EventRefused(isEventType(attributes.type ?? '') ? 'type-not-accepted' : 'type-unknown')
}

function checkComplete({ attributes }: WireEvent): void {
  for (const name of ['id', 'source', 'subject', 'time', ...signedExtensions]) {
    if (attributes[name] === undefined) throw new EventRefused('attribute-missing', name)
  }
  if (attributes.dssematerial === undefined) throw new EventRefused('signature-missing')
}

function checkSignature(
  { attributes, data }: WireEvent,
  { keys, now }: Pick<VerifyOptions<never>, 'keys' | 'now'>,
): PublicKey {
  const envelope = decodeDsse(attributes.dssematerial ?? '')
  if (envelope === undefined) throw new EventRefused('signature-malformed')
  const key = keys.find(envelope.keyid)
  if (key === undefined) throw new EventRefused('key-unknown')
  if (now + clockAheadMs < key.notBefore || now >= key.notAfter) throw new EventRefused('key-not-valid-now')
  if (!key.verify(preAuthenticationEncoding(envelope.payload), envelope.signature)) {
    throw new EventRefused('signature-invalid')
  }
  const material = v.safeParse(VerificationMaterial, parseJson(envelope.payload))
  if (!material.success) throw new EventRefused('signature-malformed')
  const { core, ext, signedextattrs } = material.output
  if (signedextattrs.join() !== signedExtensions.join()) throw new EventRefused('signed-extensions')
  const actual = digestsOf({ attributes, data, extensions: signedExtensions })
  if (actual.core !== core || actual.ext !== ext) throw new EventRefused('altered')
  return key
}

function checkAuthority({ attributes }: WireEvent, type: EventType, key: PublicKey, cluster: string): void {
  if (!authority[type].signers.includes(key.function)) throw new EventRefused('key-not-for-type')
  if (attributes.source !== sourceOf(cluster, key.function)) throw new EventRefused('key-not-for-source')
}

function parseEvent<T extends EventType>({ attributes, data }: WireEvent, type: T): EventOf<T> {
  const { id, source, subject, partitionkey, correlationid, causationid, expirytime, sequence } = attributes
  const madeAt = parseRfc3339(attributes.time ?? '')
  const parsed = v.safeParse(TkaEvent, {
    type,
    id,
    source,
    subject,
    // Signed to the second, whatever a broker wrote.
    time: madeAt === undefined ? attributes.time : toWireTime(madeAt),
    partitionkey,
    correlationid,
    causationid,
    expirytime,
    sequence,
    data: parseJson(data),
  })
  if (!parsed.success) throw new EventRefused('data-invalid', issuePaths(parsed.issues).slice(0, 200))
  if (!isOfType(parsed.output, type)) throw new EventRefused('type-unknown')
  return parsed.output
}
