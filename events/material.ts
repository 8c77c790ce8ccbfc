import { hash } from 'node:crypto'
import * as v from 'valibot'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { parseRfc3339, toWireTime } from './instant.ts'

/** What a signature is computed over: the attributes as on the wire and the data as raw bytes. */
export interface SignedContent {
  readonly attributes: Readonly<Record<string, string>>
  readonly data: Uint8Array
  /** Names of the extension attributes that are signed, in order. */
  readonly extensions: readonly string[]
}

/** The core context attributes in the order of the CloudEvents verifiability extension, v0.1. */
const coreAttributes = [
  'id',
  'source',
  'specversion',
  'type',
  'datacontenttype',
  'dataschema',
  'subject',
  'time',
] as const

/** Digests of an event, in Base64: of its core attributes and data, and of its signed extension attributes. */
export interface Digests {
  readonly core: string
  readonly ext: string
}

/**
 * Computes the digests that a signature covers.
 * Source: CloudEvents `extensions/verifiability.md`, Signing Protocol, steps 3 to 5.
 */
export function digestsOf({ attributes, data, extensions }: SignedContent): Digests {
  const core = coreAttributes.map(name => utf8(name === 'time' ? normalised(attributes.time) : attributes[name]))
  return {
    core: encodeBase64(digestOfDigests([...core, data])),
    ext: encodeBase64(digestOfDigests(extensions.map(name => utf8(attributes[name])))),
  }
}

/** The bytes that are signed: the digests, and which extensions they cover (step 6). */
export function verificationMaterial(content: SignedContent): Uint8Array {
  const { core, ext } = digestsOf(content)
  const { extensions } = content
  return utf8(JSON.stringify(extensions.length === 0 ? { core } : { core, ext, signedextattrs: extensions }))
}

const Digest = v.pipe(
  v.string(),
  v.check(text => decodeBase64(text)?.length === 32, 'must be 32 bytes in Base64'),
)

/** Verification material as it comes; fields that the specification does not name are dropped, as it demands. */
export const VerificationMaterial = v.object({
  core: Digest,
  ext: Digest,
  signedextattrs: v.array(v.string()),
})

function digestOfDigests(parts: readonly Uint8Array[]): Uint8Array {
  return sha256(Buffer.concat(parts.map(sha256)))
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

// An absent attribute counts as an empty one: so an empty one is refused where events are read.
function utf8(text = ''): Uint8Array {
  return Buffer.from(text, 'utf8')
}

// Brokers write time anew, so what is signed is the moment, to the second.
function normalised(time: string | undefined): string | undefined {
  const instant = time === undefined ? undefined : parseRfc3339(time)
  return instant === undefined ? time : toWireTime(instant)
}
