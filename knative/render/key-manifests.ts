import type { GeneratedKeys } from '#events/keys/generate-keys'
import type { Manifest } from './manifest.ts'

/** Name of the Secret with one function's private key (`key.jwk.json`). */
const signingKeySecret = (install: string, owner: string): string => `${install}-${owner}-signing-key`

/** Name of the ConfigMap with the public keys (`jwks.json`). */
const publicKeysConfigMap = (install: string): string => `${install}-public-keys`

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

/** The same objects as a kustomization over the files that `writeKeys` writes. */
export function keyKustomization(
  keys: GeneratedKeys,
  { install, system }: { readonly install: string; readonly system: string },
) {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: system,
    // The functions look for these names, and read changed files without a restart.
    generatorOptions: { disableNameSuffixHash: true },
    secretGenerator: keys.private.map(jwk => ({
      name: signingKeySecret(install, jwk.function),
      files: [`key.jwk.json=${jwk.function}.jwk.json`],
    })),
    configMapGenerator: [{ name: publicKeysConfigMap(install), files: ['jwks.json'] }],
  }
}
