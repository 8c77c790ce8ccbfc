import type { Api } from '../../kube/api.ts'
import { pathOf } from '../../kube/apply.ts'
import type { Manifest } from '../../render/manifest.ts'

const conditionOf = new Map([
  ['Deployment', 'Available'],
  ['PingSource', 'Ready'],
])

/** Says of Deployments and PingSources that all is well with them, as the controllers would that the lab has not. */
export async function reportAvailable(api: Api, manifests: readonly Manifest[]): Promise<void> {
  await Promise.all(
    manifests.map(async manifest => {
      const type = conditionOf.get(manifest.kind)
      if (type === undefined) return
      await api.call('PATCH', `${pathOf(manifest)}/status`, {
        contentType: 'application/merge-patch+json',
        body: { status: { conditions: [{ type, status: 'True' }] } },
      })
    }),
  )
}
