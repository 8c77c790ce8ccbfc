import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { Manifest } from './manifest.ts'
import type { Patch } from './read-kustomization.ts'

const knative = fileURLToPath(new URL('../', import.meta.url))

/** The components that there are: the folders of `knative/components`. */
export async function componentNames(): Promise<readonly string[]> {
  const entries = await readdir(join(knative, 'components'), { withFileTypes: true })
  return entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort()
}

const Component = v.looseObject({ resources: v.optional(v.array(v.string()), []) })

/** Reads the objects that a component brings; what it changes of the base is not among them. */
export async function readComponentResources(name: string): Promise<readonly Manifest[]> {
  const folder = join(knative, 'components', name)
  const { resources } = v.parse(Component, parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')))
  const files = await Promise.all(resources.map(file => readFile(join(folder, file), 'utf8')))
  return files.flatMap(readManifests)
}

function readManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map(document => v.parse(Manifest, document.toJS()))
}

/**
 * Reads `knative/base` with components and then patches, as `kubectl kustomize` builds it. Throws for a component that there is not,
 * and for a patch that fits nothing.
 */
export async function readComponents(
  components: readonly string[],
  kubectl: string,
  patches: readonly Patch[] = [],
): Promise<readonly Manifest[]> {
  const known = await componentNames()
  const unknown = components.filter(name => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no component ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'tka-components-')))
  try {
    const from = (path: string) => relative(directory, join(knative, path))
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      sortOptions: { order: 'fifo' },
      resources: [from('base')],
      components: components.map(name => from(`components/${name}`)),
      patches,
    }
    await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization))
    const { stdout } = await promisify(execFile)(kubectl, ['kustomize', directory], {
      timeout: 30_000,
      maxBuffer: 16 << 20,
    })
    return readManifests(stdout)
  } finally {
    await rm(directory, { recursive: true })
  }
}
