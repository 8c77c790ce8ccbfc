import * as v from 'valibot'
import { decodeBase64, encodeBase64 } from './base64.ts'

/** A DSSE envelope with its one signature. */
export interface DsseEnvelope {
  readonly payload: Uint8Array
  readonly keyid: string
  readonly signature: Uint8Array
}

/** Names the CloudEvents verifiability extension and its version. */
const payloadType = 'https://cloudevents.io/verifiability/dsse/v0.1'

/** The bytes that a DSSE v1.0.2 signature is made over: `PAE(payloadType, payload)`. */
export function preAuthenticationEncoding(payload: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ])
}

/** Writes an envelope as the value of the `dssematerial` attribute. */
export function encodeDsse({ payload, keyid, signature }: DsseEnvelope): string {
  const envelope = {
    payloadType,
    payload: encodeBase64(payload),
    signatures: [{ keyid, sig: encodeBase64(signature) }],
  }
  return encodeBase64(Buffer.from(JSON.stringify(envelope)))
}

const Base64Bytes = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const bytes = decodeBase64(dataset.value)
    if (bytes !== undefined) return bytes
    addIssue({ message: 'must be Base64' })
    return NEVER
  }),
)

// One signature, of one algorithm: nothing to choose from for whoever would forge one.
const Envelope = v.object({
  payloadType: v.literal(payloadType),
  payload: Base64Bytes,
  signatures: v.strictTuple([v.object({ keyid: v.pipe(v.string(), v.nonEmpty()), sig: Base64Bytes })]),
})

/** Reads the value of a `dssematerial` attribute; `undefined` when it is not an envelope of this kind with one signature. */
export function decodeDsse(attribute: string): DsseEnvelope | undefined {
  const bytes = decodeBase64(attribute)
  const parsed = v.safeParse(Envelope, bytes === undefined ? undefined : parseJson(bytes))
  if (!parsed.success) return undefined
  const [{ keyid, sig }] = parsed.output.signatures
  return { payload: parsed.output.payload, keyid, signature: sig }
}

/** JSON from bytes that must be UTF-8; `undefined` when they are not JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}
