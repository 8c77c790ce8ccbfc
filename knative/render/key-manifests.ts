import type { GeneratedKeys } from '#events/keys/generate-keys'
import type { Manifest } from './manifest.ts'

/** Name of the Secret with one function's private key (`key.jwk.json`). */
export const signingKeySecret = (install: string, owner: string): string => `${install}-${owner}-signing-key`

/** Name of the ConfigMap with the public keys (`jwks.json`). */
export const publicKeysConfigMap = (install: string): string => `${install}-public-keys`

/** The objects in which the functions find their keys: a Secret for each private key, one ConfigMap for all public ones. */
export function keyManifests(
  keys: GeneratedKeys,
  names: { readonly install: string; readonly system: string },
): Manifest[] {
  const { install, system: namespace } = names
  return [
    ...keys.private.map(jwk => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: signingKeySecret(install, jwk.function), namespace },
      stringData: { 'key.jwk.json': JSON.stringify(jwk) },
    })),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: publicKeysConfigMap(install), namespace },
      data: { 'jwks.json': JSON.stringify(keys.public) },
    },
  ]
}
