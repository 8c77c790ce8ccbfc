import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'

const Image = v.looseObject({
  name: v.string(),
  newName: v.exactOptional(v.string()),
  newTag: v.exactOptional(v.string()),
  digest: v.exactOptional(v.string()),
})
const Generator = v.looseObject({
  name: v.string(),
  behavior: v.exactOptional(v.string()),
  files: v.optional(v.array(v.string()), []),
})
const Target = v.looseObject({ kind: v.exactOptional(v.string()), name: v.exactOptional(v.string()) })
const Patch = v.looseObject({
  target: v.exactOptional(Target),
  patch: v.exactOptional(v.string()),
  path: v.exactOptional(v.string()),
})
const Kustomization = v.looseObject({
  resources: v.optional(v.array(v.string()), []),
  components: v.optional(v.array(v.string()), []),
  images: v.optional(v.array(Image), []),
  configMapGenerator: v.optional(v.array(Generator), []),
  patches: v.optional(v.array(Patch), []),
})

/** A patch of a kustomization, with its text in it. */
export interface Patch {
  readonly target?: v.InferOutput<typeof Target>
  readonly patch: string
}

/** A folder's `kustomization.yaml`, an overlay's or a component's: what is looked at here, and the rest as it stands there. */
export async function readKustomization(folder: string): Promise<v.InferOutput<typeof Kustomization>> {
  return v.parse(Kustomization, parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')))
}

/** The patches of a folder's `kustomization.yaml`, those that lie in files too. */
export async function readPatches(folder: string): Promise<readonly Patch[]> {
  const { patches } = await readKustomization(folder)
  return Promise.all(
    patches.map(async ({ path, patch = '', ...others }) => ({
      ...others,
      patch: path === undefined ? patch : await readFile(join(folder, path), 'utf8'),
    })),
  )
}
