import { join } from 'node:path'
import {
  type FunctionName,
  type HttpMessage,
  importKeySet,
  importSigningKey,
  type KeySet,
  type SigningKey,
  sign,
  type TkaEvent,
} from '#events'
import type { Environment } from './environment.ts'
import type { Logger } from './log.ts'
import { watchFile } from './watched-file.ts'

/** The public keys of all functions, as they are mounted. */
export interface PublicKeys {
  current(): Promise<KeySet>
  /** Looks again at once: for an event whose key id nobody knows yet. */
  reread(): Promise<KeySet>
}

/** The keys that one function works with. */
export interface EventKeys {
  readonly publicKeys: PublicKeys
  /** Signs with this function's own key: with a newly mounted one as soon as it is published and good. */
  readonly sign: (event: TkaEvent) => Promise<HttpMessage>
}

export interface LoadKeysOptions {
  readonly function: FunctionName
  readonly log: Logger
  readonly now?: () => number
}

/**
 * Loads the keys of a function: `key.jwk.json` in `TKA_SIGNING_KEY_DIR`, `jwks.json` in `TKA_PUBLIC_KEYS_DIR`, both read again when they
 * change. Rejects when a file is missing or unusable, or when the private key is another function's or not among the public ones.
 */
export async function loadKeys(env: Environment, options: LoadKeysOptions): Promise<EventKeys> {
  const { log, now = Date.now } = options
  const publicKeys = await watchFile(join(env.TKA_PUBLIC_KEYS_DIR ?? '/etc/tka/public-keys', 'jwks.json'), {
    parse: async text => importKeySet(parseJson(text, 'jwks.json')),
    now,
    onBroken: error => log.error('the public keys cannot be read again; the last good ones stay', { error }),
  })
  const signingKey = await watchFile(join(env.TKA_SIGNING_KEY_DIR ?? '/etc/tka/signing-key', 'key.jwk.json'), {
    parse: async text => ownKey(await importSigningKey(parseJson(text, 'key.jwk.json')), options.function),
    now,
    onBroken: error => log.error('the signing key cannot be read again; the last good one stays', { error }),
  })
  const publicOf = async ({ kid }: SigningKey) => (await publicKeys.current()).find(kid)
  let inUse = await signingKey.current()
  if ((await publicOf(inUse))?.function !== options.function) {
    throw new Error(`key ${inUse.kid} of ${options.function} is not among the public keys, so nobody would believe it`)
  }
  return {
    publicKeys,
    async sign(event) {
      const mounted = await signingKey.current()
      // Secret and ConfigMap are exchanged each in its own time: a key that nobody believes yet must not be used.
      const published = mounted === inUse ? undefined : await publicOf(mounted)
      if (published?.function === options.function && now() >= published.notBefore) inUse = mounted
      return sign(event, inUse)
    },
  }
}

function ownKey(key: SigningKey, owner: FunctionName): SigningKey {
  if (key.function === owner) return key
  throw new Error(`key.jwk.json is the key of ${key.function}, this is ${owner}`)
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // JSON.parse quotes what it read.
    throw new Error(`${name} is not JSON`)
  }
}
