import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import * as v from 'valibot'
import { type FunctionName, functionNames } from '../functions.ts'
import { toWireTime } from '../instant.ts'
import { PublicJwk, type PublicJwks } from './key-set.ts'
import { SigningJwk } from './signing-key.ts'

/** One private key per function, and the public set that all of them read. */
export interface GeneratedKeys {
  readonly private: readonly SigningJwk[]
  readonly public: PublicJwks
}

/** When a key counts (epoch milliseconds). */
export interface KeyValidity {
  readonly notBefore: number
  readonly notAfter: number
}

/** Makes the keys of an install, all good for the same time. */
export async function generateKeys(validity: KeyValidity): Promise<GeneratedKeys> {
  const made = await Promise.all(functionNames.map(generateSigningKey))
  return { private: made, public: { keys: made.map(jwk => publicJwkOf(jwk, validity)) } }
}

/** Makes one function's key. */
export async function generateSigningKey(owner: FunctionName): Promise<SigningJwk> {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = `${owner}-${(await calculateJwkThumbprint(jwk)).slice(0, 12)}`
  return v.parse(SigningJwk, { kty: jwk.kty, crv: jwk.crv, x: jwk.x, d: jwk.d, kid, function: owner })
}

/** The public part of a key, as the public set holds it. */
export function publicJwkOf({ d: _, ...jwk }: SigningJwk, { notBefore, notAfter }: KeyValidity): PublicJwk {
  const window = { notBefore: toWireTime(notBefore), notAfter: toWireTime(notAfter) }
  return v.parse(PublicJwk, { ...jwk, use: 'sig', alg: 'Ed25519', ...window })
}
