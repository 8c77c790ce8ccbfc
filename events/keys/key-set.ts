import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import * as v from 'valibot'
import { WireTime } from '../fields.ts'
import { type FunctionName, functionNames } from '../functions.ts'
import { fromWireTime } from '../instant.ts'
import { issuePaths } from '../issue-paths.ts'
import { KeyId } from './key-id.ts'

/** One public key: whose it is and from when until when (RFC 3339) it counts. */
export const PublicJwk = v.strictObject({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  x: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')),
  kid: KeyId,
  use: v.exactOptional(v.literal('sig')),
  alg: v.exactOptional(v.picklist(['Ed25519', 'EdDSA'])),
  function: v.picklist(functionNames),
  notBefore: WireTime,
  notAfter: WireTime,
})

export type PublicJwk = v.InferOutput<typeof PublicJwk>

/** The public key set of an install (RFC 7517), `jwks.json`. No private part passes: unknown members are refused. */
export const PublicJwks = v.strictObject({
  keys: v.pipe(
    v.array(PublicJwk),
    v.check(keys => new Set(keys.map(key => key.kid)).size === keys.length, 'must hold each kid once'),
  ),
})

export type PublicJwks = v.InferOutput<typeof PublicJwks>

/** One function's public key. Instants are epoch milliseconds. */
export interface PublicKey {
  readonly kid: string
  readonly function: FunctionName
  readonly notBefore: number
  readonly notAfter: number
  verify(bytes: Uint8Array, signature: Uint8Array): boolean
}

/** The public keys that events are checked with. */
export interface KeySet {
  find(kid: string): PublicKey | undefined
}

/** Makes a key set of a parsed JWKS; rejects when any entry is not as it must be, so that no half of a set is used. */
export async function importKeySet(jwks: unknown): Promise<KeySet> {
  const parsed = v.safeParse(PublicJwks, jwks)
  if (!parsed.success) throw new TypeError(`public keys: ${issuePaths(parsed.issues)}`)
  const keys = new Map(parsed.output.keys.map(jwk => [jwk.kid, toPublicKey(jwk)]))
  return { find: kid => keys.get(kid) }
}

function toPublicKey({ kty, crv, x, kid, function: owner, notBefore, notAfter }: PublicJwk): PublicKey {
  const key: KeyObject = createPublicKey({ key: { kty, crv, x }, format: 'jwk' })
  return {
    kid,
    function: owner,
    notBefore: fromWireTime(notBefore),
    notAfter: fromWireTime(notAfter),
    verify: (bytes, signature) => verify(null, bytes, key, signature),
  }
}
