import * as v from 'valibot'
import type { Manifest } from '../../render/manifest.ts'
import { forOneNode } from './for-one-node.ts'
import { imageOf } from './programs.ts'

/** Values to change in a ConfigMap. */
export type Settings = Readonly<Record<string, string>>

const Data = v.optional(v.record(v.string(), v.string()), {})

/**
 * Knative's own objects with images that are here, for one node without a metrics server. `settings` changes ConfigMaps, by
 * name; throws when there is no such ConfigMap.
 */
export function fromStock(
  objects: readonly Manifest[],
  settings: Readonly<Record<string, Settings>>,
): readonly Manifest[] {
  const names = new Set(objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name))
  const unknown = Object.keys(settings).find(name => !names.has(name))
  if (unknown !== undefined) throw new Error(`Knative's manifests hold no ConfigMap ${unknown}`)
  return objects
    .filter(({ kind }) => kind !== 'HorizontalPodAutoscaler')
    .map(object => {
      if (object.kind === 'Deployment') return forOneNode(object)
      const changed = object.kind === 'ConfigMap' ? settings[object.metadata.name] : undefined
      return changed ? { ...object, data: { ...v.parse(Data, object.data), ...changed } } : object
    })
    .map(withImages)
}

function withImages(object: Manifest): Manifest {
  return JSON.parse(JSON.stringify(object), (_, value) => (typeof value === 'string' ? imageOf(value) : value))
}
