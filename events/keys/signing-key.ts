import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import * as v from 'valibot'
import { functionNames } from '../functions.ts'
import { issuePaths } from '../issue-paths.ts'
import { KeyId } from './key-id.ts'

/** The private key with which one function signs: an Ed25519 JWK (RFC 8037) that says whose it is. */
export const SigningJwk = v.strictObject({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  x: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')),
  d: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')),
  kid: KeyId,
  function: v.picklist(functionNames),
})

export type SigningJwk = v.InferOutput<typeof SigningJwk>

/** A function's key, ready to sign. What it holds can be neither printed nor serialised. */
export interface SigningKey {
  readonly kid: string
  readonly function: (typeof functionNames)[number]
  sign(bytes: Uint8Array): Uint8Array
}

/** Makes a key of a parsed JWK; rejects, without a word of the key, when it is not one. */
export async function importSigningKey(jwk: unknown): Promise<SigningKey> {
  const parsed = v.safeParse(SigningJwk, jwk)
  if (!parsed.success) throw new TypeError(`signing key: ${issuePaths(parsed.issues)}`)
  const { kty, crv, x, d, kid, function: owner } = parsed.output
  const key = privateKey({ kty, crv, x, d })
  if (createPublicKey(key).export({ format: 'jwk' }).x !== x) throw new TypeError('signing key: x must belong to d')
  return { kid, function: owner, sign: bytes => sign(null, bytes, key) }
}

function privateKey(jwk: {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly d: string
}): KeyObject {
  try {
    return createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  } catch {
    // Node's own error would carry the JWK.
    throw new TypeError('signing key: must be an Ed25519 key')
  }
}
