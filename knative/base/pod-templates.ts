import * as v from 'valibot'
import { describe, type Manifest } from '../render/manifest.ts'

const PodSpec = v.looseObject({
  serviceAccountName: v.string(),
  automountServiceAccountToken: v.optional(v.boolean()),
  containers: v.array(
    v.looseObject({ name: v.string(), image: v.string(), securityContext: v.unknown(), resources: v.unknown() }),
  ),
})
const Template = v.object({ metadata: v.looseObject({}), spec: PodSpec })
const Workload = v.union([
  v.object({ spec: v.object({ template: Template }) }),
  v.object({ spec: v.object({ jobTemplate: v.object({ spec: v.object({ template: Template }) }) }) }),
])

/** The template of a workload's pods, and the name of the workload. */
export interface PodTemplate {
  readonly workload: string
  readonly kind: string
  readonly spec: v.InferOutput<typeof PodSpec>
}

const workloads = new Set(['CronJob', 'Deployment', 'Job'])

/** The templates of everything among the manifests that makes pods: Knative Services, CronJobs, Jobs, Deployments. */
export function podTemplates(manifests: readonly Manifest[]): readonly PodTemplate[] {
  return manifests
    .filter(({ apiVersion, kind }) => workloads.has(kind) || apiVersion.startsWith('serving.knative.dev/'))
    .map(manifest => {
      const { spec } = v.parse(Workload, manifest)
      const template = 'template' in spec ? spec.template : spec.jobTemplate.spec.template
      return { workload: describe(manifest), kind: manifest.kind, spec: template.spec }
    })
}
