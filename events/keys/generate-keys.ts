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

/** Makes the keys of an install, good from `notBefore` until `notAfter` (epoch milliseconds). */
export async function generateKeys(validity: {
  readonly notBefore: number
  readonly notAfter: number
}): Promise<GeneratedKeys> {
  const made = await Promise.all(functionNames.map(generateKey))
  const window = { notBefore: toWireTime(validity.notBefore), notAfter: toWireTime(validity.notAfter) }
  return {
    private: made,
    public: {
      keys: made.map(({ d: _, ...jwk }) => v.parse(PublicJwk, { ...jwk, use: 'sig', alg: 'Ed25519', ...window })),
    },
  }
}

async function generateKey(owner: FunctionName): Promise<SigningJwk> {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = `${owner}-${(await calculateJwkThumbprint(jwk)).slice(0, 12)}`
  return v.parse(SigningJwk, { kty: jwk.kty, crv: jwk.crv, x: jwk.x, d: jwk.d, kid, function: owner })
}
