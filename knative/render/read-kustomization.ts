import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'

const Image = v.object({ name: v.string(), newName: v.exactOptional(v.string()), newTag: v.exactOptional(v.string()) })
const Generator = v.object({ name: v.string(), files: v.optional(v.array(v.string()), []) })
const Kustomization = v.object({
  components: v.optional(v.array(v.string()), []),
  images: v.optional(v.array(Image), []),
  configMapGenerator: v.optional(v.array(Generator), []),
})

/** What is looked at of a folder's `kustomization.yaml`, an overlay's or a component's. */
export async function readKustomization(folder: string): Promise<v.InferOutput<typeof Kustomization>> {
  return v.parse(Kustomization, parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')))
}
