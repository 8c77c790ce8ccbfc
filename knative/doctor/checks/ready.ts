import * as v from 'valibot'
import { Status } from '../../kube/conditions.ts'
import { describe } from '../../render/manifest.ts'
import { type Check, failure, fine } from '../finding.ts'
import { readLive } from '../read.ts'

/** Everything of Knative's says that it is Ready. */
export const ready: Check = {
  name: 'Knative',
  look: async ({ api, expected }) => {
    const wanted = expected.filter(({ apiVersion }) => /\.knative\.dev\//.test(apiVersion))
    const faults = await Promise.all(
      wanted.map(async manifest => {
        const live = await readLive(api, manifest)
        const name = describe(manifest)
        // Where Serving is not, or a component took its place.
        if (live === undefined)
          return replaceable(manifest.kind) ? [] : [failure(`there is no ${name}`, 'apply this version again')]
        const said = v.parse(Status, live).status.conditions.find(({ type }) => type === 'Ready')
        if (said?.status === 'True') return []
        const why = said?.message ?? said?.reason ?? 'it says nothing'
        return [
          failure(
            `${name} is not Ready: ${why}`,
            `kubectl describe ${manifest.kind.toLowerCase()} -n ${manifest.metadata.namespace} ${manifest.metadata.name}`,
          ),
        ]
      }),
    )
    return faults.flat().length > 0
      ? faults.flat()
      : fine('Broker, Triggers, SinkBindings, EventTypes and functions are Ready')
  },
}

const replaceable = (kind: string): boolean => kind === 'Service' || kind === 'SinkBinding'
