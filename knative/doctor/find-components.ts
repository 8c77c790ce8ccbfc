import type { Api } from '../kube/api.ts'
import { componentNames, readComponentResources } from '../render/read-components.ts'
import { type InstallNames, rename } from '../render/rename.ts'
import { readLive } from './read.ts'

/**
 * The components that an install was made with: those of whose own objects most are there, so that one that is missing, or left
 * over from another time, decides nothing. One that brings no object (headscale) shows in the configuration alone.
 */
export async function findComponents(api: Api, names: InstallNames): Promise<readonly string[]> {
  const known = await componentNames()
  const found = await Promise.all(
    known.map(async component => {
      const objects = (await readComponentResources(component)).map(manifest => rename(manifest, names))
      const live = await Promise.all(objects.map(manifest => readLive(api, manifest)))
      return live.filter(object => object !== undefined).length > objects.length / 2
    }),
  )
  return known.filter((_, at) => found[at])
}
