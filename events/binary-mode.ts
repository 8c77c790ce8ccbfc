import { CloudEvent, HTTP } from 'cloudevents'
import { signedExtensions } from './envelope.ts'
import { EventRefused } from './event-refused.ts'
import type { HttpMessage } from './http-message.ts'
import { largestBodyBytes, largestDataBytes, largestHeaderBytes } from './limits.ts'

/** Attributes as on the wire, by name; `datacontenttype` is the message's content type. */
export interface WireEvent {
  readonly attributes: Readonly<Record<string, string>>
  readonly data: Uint8Array
}

const contentType = 'application/json'

/** Writes an event in HTTP binary mode (CloudEvents HTTP binding 1.0.2, section 3.1). */
export function encodeBinary(attributes: Readonly<Record<string, string>>, data: Uint8Array): HttpMessage {
  const { type = '', source = '', ...rest } = attributes
  const { headers } = HTTP.binary(new CloudEvent({ ...rest, type, source, datacontenttype: contentType, data }))
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: data,
  }
}

/**
 * Reads an event in HTTP binary mode, strictly: sizes first, then the content type, then the attributes that we know.
 * Whatever else a broker or a stranger added is not looked at. Throws {@link EventRefused}.
 */
export function decodeBinary({ headers, body }: HttpMessage): WireEvent {
  const entries = Object.entries(headers)
  const headerBytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  if (headerBytes > largestHeaderBytes)
    throw new EventRefused('headers-too-large', `at most ${largestHeaderBytes} bytes`)
  if (body.length > largestBodyBytes) throw new EventRefused('body-too-large', `at most ${largestBodyBytes} bytes`)
  if (body.length > largestDataBytes)
    throw new EventRefused('body-too-large', `data is at most ${largestDataBytes} bytes`)

  const byName = new Map<string, string>()
  for (const [spelt, value] of entries) {
    const name = spelt.toLowerCase()
    if (!isOurs(name)) continue
    if (byName.has(name)) throw new EventRefused('attribute-repeated', name)
    byName.set(name, value)
  }
  if (byName.get('content-type') !== contentType) throw new EventRefused('content-type', `must be ${contentType}`)
  if (byName.get('ce-specversion') !== '1.0') throw new EventRefused('not-a-cloudevent', 'ce-specversion must be 1.0')
  for (const [name, value] of byName) {
    if (!plainText.test(value)) throw new EventRefused('attribute-invalid', `${name} must be printable ASCII`)
  }
  const attributes = knownAttributes.flatMap(name => {
    const value = byName.get(`ce-${name}`)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { attributes: { ...Object.fromEntries(attributes), datacontenttype: contentType }, data: body }
}

const knownAttributes = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'dataschema',
  ...signedExtensions,
  'dssematerial',
] as const

const ourHeaders: ReadonlySet<string> = new Set(['content-type', ...knownAttributes.map(name => `ce-${name}`)])
const isOurs = (name: string) => ourHeaders.has(name)

// Everything that HTTP may carry as it is: space, quote and percent would have to be encoded (section 3.1.3.2). Never empty.
const plainText = /^[\x21\x23\x24\x26-\x7e]+$/
