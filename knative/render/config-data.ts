import * as v from 'valibot'
import { describe, type Manifest } from './manifest.ts'

const Files = v.objectWithRest({ 'config.yaml': v.string() }, v.string())

/** The files of the ConfigMap that every function reads, of the base or what was built on it. Throws where there is none. */
export function configData(manifests: readonly Manifest[]): v.InferOutput<typeof Files> {
  const map = manifests.find(manifest => describe(manifest) === 'ConfigMap tka-config in tka-system')
  if (map === undefined) throw new Error('knative/base has no ConfigMap tka-config')
  return v.parse(Files, map.data)
}
