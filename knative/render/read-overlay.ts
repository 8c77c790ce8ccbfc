import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import { Guard } from './guard-variables.ts'
import type { InstallDescription } from './render.ts'

const Kustomization = v.object({
  components: v.optional(v.array(v.string()), []),
  images: v.optional(
    v.array(v.object({ name: v.string(), newName: v.exactOptional(v.string()), newTag: v.exactOptional(v.string()) })),
    [],
  ),
})

/** What an overlay's files say: `values.yaml`, `guard.yaml`, and of `kustomization.yaml` the image and the components. */
export async function readOverlay(overlay: string): Promise<InstallDescription> {
  const read = async (name: string) => parse(await readFile(join(overlay, name), 'utf8'))
  const [values, guard, kustomization] = await Promise.all(
    ['values.yaml', 'guard.yaml', 'kustomization.yaml'].map(read),
  )
  const { components, images } = v.parse(Kustomization, kustomization)
  const image = images.find(({ name }) => name === 'tka')
  return {
    ...v.parse(Guard, guard),
    config: v.parse(v.record(v.string(), v.unknown()), values),
    // What `make overlay` wrote follows from the values, here as there.
    components: components.filter(path => path.startsWith('../../components/')).map(path => basename(path)),
    ...(image && { image: `${image.newName ?? image.name}:${image.newTag ?? 'latest'}` }),
  }
}
