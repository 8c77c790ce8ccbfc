import * as v from 'valibot'
import { functionNames } from '#events/functions'
import type { Manifest } from './manifest.ts'

/**
 * Stands in the template of a function's pods, with the hash of the configuration: a function reads it once, when it starts, so
 * another configuration has to be another template, whose pods take the place of those before.
 */
export const configAnnotation = 'tka.dev/config'

const Metadata = v.looseObject({ annotations: v.optional(v.record(v.string(), v.string()), {}) })
const Workload = v.looseObject({
  spec: v.looseObject({ template: v.looseObject({ metadata: v.optional(Metadata, {}) }) }),
})

/** Whether an object is what keeps a function running: its Knative Service or, without Serving, its Deployment. */
export function runsFunction({ apiVersion, kind, metadata }: Manifest): boolean {
  const isWorkload = kind === 'Deployment' || (kind === 'Service' && apiVersion.startsWith('serving.knative.dev/'))
  return isWorkload && functionNames.some(name => name === metadata.name)
}

/** The manifest with that annotation, where it runs a function; any other as it is. */
export function annotateConfig(manifest: Manifest, hash: string): Manifest {
  if (!runsFunction(manifest)) return manifest
  const { spec } = v.parse(Workload, manifest)
  const { metadata } = spec.template
  const annotations = { ...metadata.annotations, [configAnnotation]: hash }
  return { ...manifest, spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } } }
}

/** With which configuration the pods of such an object began, as it says; `undefined` where it says nothing. */
export function annotatedConfig(workload: unknown): string | undefined {
  return v.parse(Workload, workload).spec.template.metadata.annotations?.[configAnnotation]
}
