import * as v from 'valibot'
import type { Manifest } from '../../render/manifest.ts'

const Quantities = v.record(v.string(), v.string())
const Container = v.looseObject({
  readinessProbe: v.optional(v.looseObject({})),
  livenessProbe: v.optional(v.looseObject({})),
  resources: v.optional(v.looseObject({ requests: v.optional(Quantities), limits: v.optional(Quantities) })),
})
type Container = v.InferOutput<typeof Container>
const Deployment = v.looseObject({
  apiVersion: v.literal('apps/v1'),
  kind: v.literal('Deployment'),
  metadata: v.looseObject({ name: v.string() }),
  spec: v.looseObject({
    template: v.looseObject({ spec: v.looseObject({ containers: v.array(Container) }) }),
  }),
})

/**
 * A stock Deployment on one busy node of two cores: it asks for next to no CPU and may take all of it, is Ready as soon as
 * it can be, and is not restarted for being slow.
 */
export function forOneNode(deployment: Manifest): Manifest {
  const parsed = v.parse(Deployment, deployment)
  const { template } = parsed.spec
  const containers = template.spec.containers.map(forOneNodeContainer)
  return { ...parsed, spec: { ...parsed.spec, template: { ...template, spec: { ...template.spec, containers } } } }
}

const soon = { initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 10 }

function forOneNodeContainer({ livenessProbe: _, ...container }: Container): Container {
  const { readinessProbe, resources } = container
  const { cpu: _limit, ...limits } = resources?.limits ?? {}
  return {
    ...container,
    ...(readinessProbe && { readinessProbe: { ...readinessProbe, ...soon } }),
    resources: { requests: { ...resources?.requests, cpu: '10m' }, limits },
  }
}
