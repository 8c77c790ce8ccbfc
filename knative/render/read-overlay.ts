import { basename, join } from 'node:path'
import * as v from 'valibot'
import { readGuard } from './guard-variables.ts'
import { overlayConfig } from './overlay-config.ts'
import { readKustomization, readPatches } from './read-kustomization.ts'
import type { InstallDescription } from './render.ts'

const text = v.exactOptional(v.string())
/** As much of an overlay's `kustomization.yaml` as can be rendered under other names. */
const Rendered = v.strictObject({
  apiVersion: text,
  kind: text,
  sortOptions: v.exactOptional(v.strictObject({ order: v.literal('fifo') })),
  resources: v.strictTuple([v.literal('../../base')]),
  components: v.array(v.union([v.literal('roles'), v.pipe(v.string(), v.startsWith('../../components/'))])),
  images: v.array(v.strictObject({ name: v.literal('tka'), newName: text, newTag: text, digest: text })),
  generatorOptions: v.exactOptional(v.strictObject({ disableNameSuffixHash: v.literal(true) })),
  configMapGenerator: v.array(
    v.strictObject({ name: v.literal('tka-config'), namespace: text, behavior: text, files: v.array(v.string()) }),
  ),
  patches: v.array(v.unknown()),
})

/**
 * What an overlay says: `guard.yaml`, the configuration's files, and of `kustomization.yaml` image, components and patches. Throws
 * for whatever it says beside, which would be lost.
 */
export async function readOverlay(overlay: string): Promise<InstallDescription> {
  const { success, output, issues = [] } = v.safeParse(Rendered, await readKustomization(overlay))
  if (!success)
    throw new Error(
      `${join(overlay, 'kustomization.yaml')}: render.ts cannot take over ${issues.map(issue => v.getDotPath(issue)).join(', ')}: ` +
        'let a kustomization of your own do that, with what render.ts prints as a file under its `resources`',
    )
  const [image] = output.images
  return {
    ...(await readGuard(overlay)),
    files: await overlayConfig(overlay),
    // What `make overlay` wrote follows from the values, here as there.
    components: output.components.filter(path => path !== 'roles').map(path => basename(path)),
    patches: await readPatches(overlay),
    ...(image && { image: reference(image) }),
  }
}

const reference = ({ name, newName = name, newTag, digest }: v.InferOutput<typeof Rendered>['images'][number]) =>
  `${newName}${newTag === undefined ? '' : `:${newTag}`}${digest === undefined ? '' : `@${digest}`}`
