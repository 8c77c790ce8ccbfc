import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import { Guard } from './guard-variables.ts'
import { readKustomization } from './read-kustomization.ts'
import type { InstallDescription } from './render.ts'

/** What an overlay's files say: `values.yaml`, `guard.yaml`, and of `kustomization.yaml` the image and the components. */
export async function readOverlay(overlay: string): Promise<InstallDescription> {
  const [values, guard, { components, images }] = await Promise.all([
    readYaml(overlay, 'values.yaml'),
    readYaml(overlay, 'guard.yaml'),
    readKustomization(overlay),
  ])
  const image = images.find(({ name }) => name === 'tka')
  return {
    ...v.parse(Guard, guard),
    config: v.parse(v.record(v.string(), v.unknown()), values),
    // What `make overlay` wrote follows from the values, here as there.
    components: components.filter(path => path.startsWith('../../components/')).map(path => basename(path)),
    ...(image && { image: `${image.newName ?? image.name}:${image.newTag ?? 'latest'}` }),
  }
}

const readYaml = async (overlay: string, name: string): Promise<unknown> =>
  parse(await readFile(join(overlay, name), 'utf8'))
