import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { readKustomization } from './read-kustomization.ts'

/** The files that an overlay and its components add to the ConfigMap `tka-config`, by their names in it. */
export async function overlayConfig(overlay: string): Promise<Readonly<Record<string, string>>> {
  const { components } = await readKustomization(overlay)
  // `roles` is what `make overlay` writes.
  const folders = components.filter(path => path !== 'roles').map(path => join(overlay, path))
  const files = await Promise.all([...folders, overlay].map(addedBy))
  return Object.fromEntries(files.flat())
}

async function addedBy(folder: string): Promise<readonly (readonly [name: string, text: string])[]> {
  const { configMapGenerator } = await readKustomization(folder)
  const entries = configMapGenerator.filter(({ name }) => name === 'tka-config').flatMap(({ files }) => files)
  return Promise.all(
    entries.map(async entry => {
      // `name=path`, or the path alone.
      const [path = '', name = basename(path)] = entry.split('=').reverse()
      return [name, await readFile(join(folder, path), 'utf8')] as const
    }),
  )
}
