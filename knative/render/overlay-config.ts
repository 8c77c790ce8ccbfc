import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { patchesConfig } from './patches-config.ts'
import { readKustomization, readPatches } from './read-kustomization.ts'

/**
 * The files that an overlay and its components add to the ConfigMap `tka-config`, by their names in it. Throws where one of them
 * writes there in another way: what follows from the configuration would follow from another than the functions read.
 */
export async function overlayConfig(overlay: string): Promise<Readonly<Record<string, string>>> {
  const { components } = await readKustomization(overlay)
  // `roles` is what `make overlay` writes.
  const folders = components.filter(path => path !== 'roles').map(path => join(overlay, path))
  const files = await Promise.all([...folders, overlay].map(addedBy))
  return Object.fromEntries(files.flat())
}

async function addedBy(folder: string): Promise<readonly (readonly [name: string, text: string])[]> {
  const { configMapGenerator, ...others } = await readKustomization(folder)
  const generators = configMapGenerator.filter(({ name }) => name === 'tka-config')
  const ways = [
    ...generators.flatMap(generator => ['literals', 'envs', 'env'].filter(key => key in generator)),
    ...generators.flatMap(({ behavior }) => (behavior === 'replace' ? ['behavior: replace'] : [])),
    ...((await readPatches(folder)).some(patchesConfig) ? ['patches'] : []),
    ...['patchesStrategicMerge', 'patchesJson6902'].filter(key =>
      JSON.stringify(others[key] ?? '').includes('tka-config'),
    ),
  ]
  if (ways.length > 0)
    throw new Error(
      `${join(folder, 'kustomization.yaml')}: the ConfigMap tka-config is made of files alone, not by ${ways.join(', ')}: ` +
        'write it into a *.yaml file, and list that under `files` of the configMapGenerator (behavior: merge)',
    )
  return Promise.all(
    generators
      .flatMap(({ files }) => files)
      .map(async entry => {
        // `name=path`, or the path alone.
        const [path = '', name = basename(path)] = entry.split('=').reverse()
        return [name, await readFile(join(folder, path), 'utf8')] as const
      }),
  )
}
