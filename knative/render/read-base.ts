import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { parse, parseAllDocuments } from 'yaml'
import { Manifest } from './manifest.ts'

const Kustomization = v.looseObject({
  labels: v.array(v.strictObject({ pairs: v.record(v.string(), v.string()) })),
  resources: v.array(v.string()),
})

const base = new URL('../base/', import.meta.url)

/** Reads `knative/base` as `kubectl kustomize` would: the kustomization's resources in their order, with its labels. */
export async function readBase(): Promise<readonly Manifest[]> {
  const kustomization = v.parse(Kustomization, parse(await readFile(new URL('kustomization.yaml', base), 'utf8')))
  const labels = Object.assign({}, ...kustomization.labels.map(({ pairs }) => pairs))
  const files = await Promise.all(kustomization.resources.map(file => readFile(new URL(file, base), 'utf8')))
  return files.flatMap(text =>
    parseAllDocuments(text).map(document => {
      const manifest = v.parse(Manifest, document.toJS())
      return { ...manifest, metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, ...labels } } }
    }),
  )
}
