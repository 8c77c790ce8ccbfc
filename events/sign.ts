import { encodeBinary } from './binary-mode.ts'
import { encodeDsse, preAuthenticationEncoding } from './dsse.ts'
import { signedExtensions } from './envelope.ts'
import type { TkaEvent } from './event.ts'
import type { HttpMessage } from './http-message.ts'
import type { SigningKey } from './keys/signing-key.ts'
import { largestDataBytes } from './limits.ts'
import { verificationMaterial } from './material.ts'

/** Signs an event and writes it in HTTP binary mode. Rejects when its data is larger than anybody accepts. */
export async function sign(event: TkaEvent, key: SigningKey): Promise<HttpMessage> {
  const { data, ...rest } = event
  const body = Buffer.from(JSON.stringify(data))
  if (body.length > largestDataBytes)
    throw new RangeError(`${event.type}: data must be at most ${largestDataBytes} bytes`)
  const attributes = { ...rest, specversion: '1.0', datacontenttype: 'application/json' }
  const payload = verificationMaterial({ attributes, data: body, extensions: signedExtensions })
  const signature = key.sign(preAuthenticationEncoding(payload))
  return encodeBinary({ ...attributes, dssematerial: encodeDsse({ payload, keyid: key.kid, signature }) }, body)
}
