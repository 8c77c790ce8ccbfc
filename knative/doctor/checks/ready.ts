import { describe, type Manifest } from '../../render/manifest.ts'
import { type Check, failure, fine } from '../finding.ts'
import { lookAt, whyNot } from '../look-at.ts'

/** Everything of Knative's says that it is Ready. */
export const ready: Check = {
  name: 'Knative',
  look: async examined => {
    const wanted = examined.expected.filter(({ apiVersion }) => /\.knative\.dev\//.test(apiVersion))
    const faults = await Promise.all(
      wanted.map(manifest =>
        lookAt(examined, manifest, live => {
          const why = whyNot(live, 'Ready')
          return why === undefined ? [] : [failure(`${nameOf(manifest)} is not Ready: ${why}`, describeIt(manifest))]
        }),
      ),
    )
    return faults.flat().length > 0 ? faults.flat() : fine(`all ${wanted.length} objects of Knative's are Ready`)
  },
}

/** A Service of Knative's is called by its short name, or kubectl looks for one of Kubernetes'. */
const shortKind = ({ apiVersion, kind }: Manifest) => (apiVersion.startsWith('serving.') ? 'ksvc' : kind)

const nameOf = (manifest: Manifest) => describe({ ...manifest, kind: shortKind(manifest) })

function describeIt(manifest: Manifest): string {
  const { name, namespace } = manifest.metadata
  return `kubectl describe ${shortKind(manifest).toLowerCase()} ${name} -n ${namespace}`
}
