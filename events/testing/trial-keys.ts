import type { FunctionName } from '../functions.ts'
import { generateKeys } from '../keys/generate-keys.ts'
import { importKeySet, type KeySet } from '../keys/key-set.ts'
import { importSigningKey, type SigningKey } from '../keys/signing-key.ts'

/** Keys of all functions, for tests. */
export interface TrialKeys {
  readonly keys: KeySet
  keyOf(owner: FunctionName): SigningKey
}

/** Makes keys that are good for a day before and after `now` (epoch milliseconds). */
export async function makeTrialKeys(now: number): Promise<TrialKeys> {
  const day = 86_400_000
  const made = await generateKeys({ notBefore: now - day, notAfter: now + day })
  const signing = new Map<string, SigningKey>()
  for (const jwk of made.private) signing.set(jwk.function, await importSigningKey(jwk))
  return {
    keys: await importKeySet(made.public),
    keyOf: owner => {
      const key = signing.get(owner)
      if (key === undefined) throw new Error(`no key of ${owner}`)
      return key
    },
  }
}
