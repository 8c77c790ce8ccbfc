import { CompactEncrypt, type CryptoKey, compactDecrypt, exportJWK, generateKeyPair, importJWK } from 'jose'
import * as v from 'valibot'
import { parseJson } from './dsse.ts'
import { SealingJwk } from './fields.ts'

const algorithm = 'ECDH-ES'
const encryption = 'A256GCM'
const curve = 'X25519'

/** What is sealed: a ServiceAccount's token and its `exp` (epoch seconds, as in the JWT). */
const Credential = v.pipe(
  v.strictObject({
    token: v.pipe(v.string(), v.nonEmpty()),
    exp: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  v.readonly(),
)

export type Credential = v.InferOutput<typeof Credential>

/** What a sealed token is for, in the JWE's protected header: it opens for this request, person and session only. */
export interface SealBinding {
  /** Id of the request event. */
  readonly request: string
  readonly serviceAccount: string
  readonly session: string
}

/** An ephemeral key pair of one request. The private half never leaves this object. */
export interface SealingKey {
  /** Goes into the request's signed data. */
  readonly publicJwk: SealingJwk
  /** Opens what was sealed to the key; rejects with {@link SealBroken}, also when it is for another request, person or session. */
  open(sealed: string, binding: SealBinding): Promise<Credential>
}

/** A sealed token that cannot be opened. It says no more: what was tried is nobody's business. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}

/** Seals a token to the requester's key: ECDH-ES to X25519, A256GCM (RFC 7518, RFC 8037), compact JWE. */
export async function seal(credential: Credential, recipient: SealingJwk, binding: SealBinding): Promise<string> {
  const { request, serviceAccount, session } = binding
  const key = await importJWK({ ...recipient }, algorithm)
  return new CompactEncrypt(Buffer.from(JSON.stringify(credential)))
    .setProtectedHeader({ alg: algorithm, enc: encryption, request, serviceAccount, session })
    .encrypt(key)
}

/** Makes the key pair of one request. */
export async function createSealingKey(): Promise<SealingKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv: curve })
  const publicJwk = v.parse(SealingJwk, await exportJWK(publicKey))
  return { publicJwk, open: (sealed, binding) => open(sealed, privateKey, binding) }
}

async function open(sealed: string, key: CryptoKey, binding: SealBinding): Promise<Credential> {
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, {
    keyManagementAlgorithms: [algorithm],
    contentEncryptionAlgorithms: [encryption],
  }).catch(() => {
    throw new SealBroken('was not sealed to this key, or altered')
  })
  for (const field of ['request', 'serviceAccount', 'session'] as const) {
    if (protectedHeader[field] !== binding[field]) throw new SealBroken(`is for another ${field}`)
  }
  const credential = v.safeParse(Credential, parseJson(plaintext))
  if (!credential.success) throw new SealBroken('holds no token')
  return credential.output
}
