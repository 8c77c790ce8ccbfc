import * as v from 'valibot'
import { type FunctionName, functionNames } from '#events'
import { type PublicJwk, PublicJwks } from '#events/keys/key-set'
import { SigningJwk } from '#events/keys/signing-key'
import { getConfigMap } from '#io/kubernetes/config-maps'
import { type CallOptions, type Kubernetes, mergePatch } from '#io/kubernetes/kubernetes'
import { getSecret, patchSecret } from '#io/kubernetes/secrets'

/** The private keys of one function, and the version of the Secret that they were read from. */
export interface StoredKeys {
  readonly current?: SigningJwk
  readonly next?: SigningJwk
  readonly version: string
}

/** All keys of an install, as they were read. */
export interface KeyState {
  readonly private: ReadonlyMap<FunctionName, StoredKeys>
  readonly public: readonly PublicJwk[]
  /** Version of the ConfigMap with the public keys. */
  readonly version: string
}

/** Where an install's keys are. Writes throw `conflict` when what they change has changed since it was read. */
export interface KeyStore {
  read(options: CallOptions): Promise<KeyState>
  /** Puts both of a function's private keys; `undefined` takes one out. */
  writePrivate(owner: FunctionName, keys: StoredKeys, options: CallOptions): Promise<void>
  writePublic(keys: readonly PublicJwk[], version: string, options: CallOptions): Promise<void>
}

const files = { current: 'key.jwk.json', next: 'next.jwk.json', public: 'jwks.json' } as const

/** The keys in the Secrets `<install>-<function>-signing-key` and the ConfigMap `<install>-public-keys` of a namespace. */
export function openKeyStore(
  kubernetes: Kubernetes,
  { install, namespace }: { readonly install: string; readonly namespace: string },
): KeyStore {
  const secretOf = (owner: FunctionName) => ({ namespace, name: `${install}-${owner}-signing-key` })
  const configMap = { namespace, name: `${install}-public-keys` }

  async function readPrivate(owner: FunctionName, options: CallOptions): Promise<StoredKeys> {
    const { data, resourceVersion } = await getSecret(kubernetes, secretOf(owner), options)
    const current = parsePrivate(owner, data[files.current])
    const next = parsePrivate(owner, data[files.next])
    return { version: resourceVersion, ...(current && { current }), ...(next && { next }) }
  }

  return {
    async read(options) {
      const [{ data, resourceVersion: version }, ...stored] = await Promise.all([
        getConfigMap(kubernetes, configMap, options),
        ...functionNames.map(async owner => [owner, await readPrivate(owner, options)] as const),
      ])
      return { private: new Map(stored), public: parsePublic(data[files.public]), version }
    },

    async writePrivate(owner, { current, next, version }, options) {
      const data = { [files.current]: encode(current), [files.next]: encode(next) }
      await patchSecret(kubernetes, secretOf(owner), { data, resourceVersion: version }, options)
    },

    async writePublic(keys, version, options) {
      const body = { metadata: { resourceVersion: version }, data: { [files.public]: JSON.stringify({ keys }) } }
      await kubernetes.core.patchNamespacedConfigMap({ ...configMap, body }, kubernetes.call(options, mergePatch))
    },
  }
}

function encode(jwk: SigningJwk | undefined): Uint8Array | undefined {
  return jwk === undefined ? undefined : Buffer.from(JSON.stringify(jwk))
}

// Parsers put their input into their errors: nothing of a key may get there.
function parsePrivate(owner: FunctionName, content: Uint8Array | undefined): SigningJwk | undefined {
  if (content === undefined) return undefined
  const parsed = v.safeParse(SigningJwk, parseJson(Buffer.from(content).toString()))
  if (parsed.success && parsed.output.function === owner) return parsed.output
  throw new Error(`what is in the Secret of ${owner} is no key of ${owner}: take it out, and a new one is made`)
}

function parsePublic(text: string | undefined): readonly PublicJwk[] {
  if (text === undefined) return []
  const parsed = v.safeParse(PublicJwks, parseJson(text))
  if (parsed.success) return parsed.output.keys
  throw new Error('jwks.json is no set of public keys: take it out, and it is made anew')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
