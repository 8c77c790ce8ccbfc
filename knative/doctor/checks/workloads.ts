import * as v from 'valibot'
import { describe, type Manifest } from '../../render/manifest.ts'
import { type Check, type Finding, failure, fine, warning } from '../finding.ts'
import { lookAt, whyNot } from '../look-at.ts'

const CronJob = v.object({
  metadata: v.object({ creationTimestamp: v.string() }),
  spec: v.object({ schedule: v.string(), suspend: v.optional(v.boolean(), false) }),
  status: v.optional(v.object({ lastSuccessfulTime: v.optional(v.string()) }), {}),
})

const everyMinute = '* * * * *'
/** So long may a Job of every minute take until one has succeeded, an image that is pulled first included. */
const patienceMs = 5 * 60_000

/** The schedules run; and where functions are Deployments, as with the component `plain`, their pods are available. */
export const workloads: Check = {
  name: 'workloads',
  look: async examined => {
    const found = await Promise.all(
      examined.expected.map(async manifest => {
        switch (manifest.kind) {
          case 'Deployment':
            return lookAt(examined, manifest, live => available(live, manifest))
          case 'CronJob':
            return lookAt(examined, manifest, live => runs(live, manifest, examined.now()))
          default:
            return []
        }
      }),
    )
    return found.flat().length > 0 ? found.flat() : fine('what runs by the clock, or as a Deployment, runs')
  },
}

function available(live: unknown, manifest: Manifest): readonly Finding[] {
  const why = whyNot(live, 'Available')
  if (why === undefined) return []
  const { name, namespace } = manifest.metadata
  return [
    failure(
      `${describe(manifest)} has no pod that is ready: ${why}`,
      `kubectl describe pod -n ${namespace} -l app.kubernetes.io/name=${name}; kubectl logs -n ${namespace} deployment/${name}`,
    ),
  ]
}

function runs(live: unknown, manifest: Manifest, now: number): readonly Finding[] {
  const { metadata, spec, status } = v.parse(CronJob, live)
  const { name, namespace } = manifest.metadata
  if (spec.suspend)
    return [
      warning(
        `${describe(manifest)} is suspended`,
        `kubectl patch cronjob ${name} -n ${namespace} -p '{"spec":{"suspend":false}}'`,
      ),
    ]
  const since = status.lastSuccessfulTime ?? metadata.creationTimestamp
  if (spec.schedule !== everyMinute || now - Date.parse(since) < patienceMs) return []
  return [
    failure(
      `${describe(manifest)} has not succeeded since ${since}`,
      `kubectl get job,pod -n ${namespace} -l app.kubernetes.io/name=${name}, and look at the last one’s log`,
    ),
  ]
}
