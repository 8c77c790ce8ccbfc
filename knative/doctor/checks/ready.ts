import * as v from 'valibot'
import { describe, type Manifest } from '../../render/manifest.ts'
import { type Check, failure, fine } from '../finding.ts'
import { lookAt, whyNot } from '../look-at.ts'

/** A Knative Service whose newest revision was not ready within its progress deadline. Serving never tries that one again. */
const GivenUp = v.object({
  status: v.object({
    latestCreatedRevisionName: v.string(),
    conditions: v.pipe(
      v.array(v.object({ type: v.string(), status: v.string() })),
      v.someItem(({ type, status }) => type === 'ConfigurationsReady' && status === 'False'),
    ),
  }),
})

/** Everything of Knative's says that it is Ready. */
export const ready: Check = {
  name: 'Knative',
  look: async examined => {
    const wanted = examined.expected.filter(({ apiVersion }) => /\.knative\.dev\//.test(apiVersion))
    const faults = await Promise.all(
      wanted.map(manifest =>
        lookAt(examined, manifest, live => {
          const why = whyNot(live, 'Ready')
          return why === undefined ? [] : [failure(`${nameOf(manifest)} is not Ready: ${why}`, todo(manifest, live))]
        }),
      ),
    )
    return faults.flat().length > 0 ? faults.flat() : fine(`all ${wanted.length} objects of Knative's are Ready`)
  },
}

/** A Service of Knative's is called by its short name, or kubectl looks for one of Kubernetes'. */
const shortKind = ({ apiVersion, kind }: Manifest) => (apiVersion.startsWith('serving.') ? 'ksvc' : kind)

const nameOf = (manifest: Manifest) => describe({ ...manifest, kind: shortKind(manifest) })

function todo(manifest: Manifest, live: unknown): string {
  const { name, namespace } = manifest.metadata
  const look = `kubectl describe ${shortKind(manifest).toLowerCase()} ${name} -n ${namespace}`
  if (!v.is(GivenUp, live)) return look
  const revision = live.status.latestCreatedRevisionName
  return `find out why (${look}) and mend it; Serving has given the revision up, so let it be made again: kubectl delete revision ${revision} -n ${namespace}`
}
