import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'
import { runProgram } from '../lab/run-program.ts'

const knative = fileURLToPath(new URL('../', import.meta.url))

/** What a person edits in their copy of an overlay (docs/install.md). */
export interface OverlayEdits {
  /** `values.yaml`: put over what stands there, objects key by key. */
  readonly values: Readonly<Record<string, unknown>>
  /** `kustomization.yaml`: the image, and components added to those that stand there. */
  readonly image: { readonly name: string; readonly tag: string }
  readonly components?: readonly string[]
}

/**
 * Makes an overlay of one's own from `overlays/headscale`, by the README's steps, in a copy of what it stands on so that the tree
 * stays as it is. Resolves to its folder, for `kubectl apply -k`.
 */
export async function ownOverlay(dir: string, edits: OverlayEdits): Promise<string> {
  for (const part of ['base', 'components']) await cp(join(knative, part), join(dir, part), { recursive: true })
  const overlay = join(dir, 'overlays', 'mine')
  await cp(join(knative, 'overlays', 'headscale'), overlay, { recursive: true })
  await edit(join(overlay, 'values.yaml'), pathsOf(edits.values))
  const { name, tag } = edits.image
  const first = await countComponents(join(overlay, 'kustomization.yaml'))
  await edit(join(overlay, 'kustomization.yaml'), [
    [['images', 0, 'newName'], name],
    [['images', 0, 'newTag'], tag],
    ...(edits.components ?? []).map(
      (component, at): Edit => [['components', first + at], `../../components/${component}`],
    ),
  ])
  const { code, stderr } = await runProgram(process.execPath, [join(knative, 'overlay.ts'), overlay])
  if (code !== 0) throw new Error(`make overlay: ${stderr}`)
  return overlay
}

type Edit = readonly [path: readonly (string | number)[], value: unknown]

async function edit(file: string, edits: readonly Edit[]): Promise<void> {
  const document = parseDocument(await readFile(file, 'utf8'))
  for (const [path, value] of edits) document.setIn(path, value)
  await writeFile(file, document.toString({ lineWidth: 0 }))
}

async function countComponents(file: string): Promise<number> {
  const { components } = parseDocument(await readFile(file, 'utf8')).toJS()
  return components.length
}

function pathsOf(value: unknown, path: readonly string[] = []): readonly Edit[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]]
  return Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))
}
