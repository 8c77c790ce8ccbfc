import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument, stringify } from 'yaml'
import type { Manifest } from '../render/manifest.ts'
import { overlayRoles } from '../render/overlay-roles.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What a person edits in their copy of an overlay (docs/install.md). */
export interface OverlayEdits {
  /** `values.yaml`: put over what stands there, objects key by key. */
  readonly values: Readonly<Record<string, unknown>>
  /** `kustomization.yaml`: the image, and components added to those that stand there. */
  readonly image: { readonly name: string; readonly tag: string }
  readonly components?: readonly string[]
}

/** Parts of `knative` that an overlay is made of. */
const parts = ['base', 'components', 'overlays']

/** Makes a folder that looks like the repository, with its packages installed, in which overlays leave no trace in the repository. */
export async function likeRepository(dir: string): Promise<void> {
  const link = async (folder: string, leave: readonly string[]) => {
    await mkdir(join(dir, folder), { recursive: true })
    const names = (await readdir(join(root, folder))).filter(name => !leave.includes(name))
    await Promise.all(names.map(name => symlink(join(root, folder, name), join(dir, folder, name))))
  }
  await Promise.all([
    link('', ['.git', 'knative', 'node_modules']),
    link('knative', parts),
    link('node_modules', ['.installed']),
  ])
  // So that `make` has nothing to install.
  await writeFile(join(dir, 'node_modules', '.installed'), '')
  for (const part of parts) await checkOut(dir, part)
}

/** Gives such a folder the base of another version. */
export async function replaceBase(dir: string, manifests: readonly Manifest[]): Promise<void> {
  const base = join(dir, 'knative', 'base')
  await rm(base, { recursive: true })
  await mkdir(base)
  await writeFile(join(base, 'all.yaml'), manifests.map(manifest => stringify(manifest)).join('---\n'))
  await writeFile(join(base, 'kustomization.yaml'), stringify({ resources: ['all.yaml'] }))
}

/** Writes what `make overlay` of that base's own version would have written. */
export async function completeFor(base: readonly Manifest[], overlay: string): Promise<void> {
  await writeFile(join(overlay, 'roles', 'kustomization.yaml'), await overlayRoles(overlay, base))
}

/** Gives such a folder the base of this version. */
export async function checkOutBase(dir: string): Promise<void> {
  await rm(join(dir, 'knative', 'base'), { recursive: true })
  await checkOut(dir, 'base')
}

const checkOut = (dir: string, part: string): Promise<void> =>
  cp(join(root, 'knative', part), join(dir, 'knative', part), { recursive: true })

/** Edits an overlay as a person does, with everything else in its files as it was. */
export async function editOverlay(overlay: string, { values, image, components = [] }: OverlayEdits): Promise<void> {
  await editValues(overlay, values)
  await edit(join(overlay, 'kustomization.yaml'), kustomization => [
    [['images', 0, 'newName'], image.name],
    [['images', 0, 'newTag'], image.tag],
    ...components.map(
      (name, at): Edit => [['components', kustomization.components.length + at], `../../components/${name}`],
    ),
  ])
}

/** Puts values over those of an overlay, objects key by key. */
export async function editValues(overlay: string, values: OverlayEdits['values']): Promise<void> {
  await edit(join(overlay, 'values.yaml'), () => pathsOf(values))
}

type Edit = readonly [path: readonly (string | number)[], value: unknown]

async function edit(file: string, edits: (now: { components: readonly string[] }) => readonly Edit[]): Promise<void> {
  const document = parseDocument(await readFile(file, 'utf8'))
  for (const [path, value] of edits(document.toJS())) document.setIn(path, value)
  await writeFile(file, document.toString({ lineWidth: 0 }))
}

function pathsOf(value: unknown, path: readonly string[] = []): readonly Edit[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]]
  return Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))
}
