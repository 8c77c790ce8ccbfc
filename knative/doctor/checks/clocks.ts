import * as v from 'valibot'
import { type Check, failure, fine, warning } from '../finding.ts'
import { readPath } from '../read.ts'

const Lease = v.object({
  metadata: v.object({
    managedFields: v.optional(
      v.array(v.object({ time: v.optional(v.string()), fieldsV1: v.optional(v.unknown()) })),
      [],
    ),
  }),
  spec: v.optional(v.object({ renewTime: v.optional(v.string()) }), {}),
})

/** Beyond this, events are refused as from the future. */
const refusedMs = 30_000
const oddMs = 5_000

/** login's clock agrees with the API server's: each has written when login last renewed its Lease. */
export const clocks: Check = {
  name: 'clocks',
  look: async ({ api, config }) => {
    const { install, namespaces } = config
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespaces.system}/leases/${install}-login`
    const lease = v.safeParse(Lease, await readPath(api, path))
    const renewed = lease.success ? Date.parse(lease.output.spec.renewTime ?? '') : Number.NaN
    const written = lease.success
      ? lease.output.metadata.managedFields
          .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? '').includes('f:renewTime'))
          .map(({ time }) => Date.parse(time ?? ''))
      : []
    const served = Math.max(...written)
    if (Number.isNaN(renewed) || !Number.isFinite(served))
      return [warning('login has not yet written its Lease, so that clocks cannot be compared', 'look at login’s log')]
    const differenceMs = Math.abs(renewed - served)
    const words = `login’s clock and the API server’s differ by ${(differenceMs / 1000).toFixed(0)} s`
    const todo = 'let the nodes set their clocks (NTP, chrony)'
    if (differenceMs > refusedMs) return [failure(`${words}: events are refused`, todo)]
    return differenceMs > oddMs ? [warning(words, todo)] : fine('login’s clock agrees with the API server’s')
  },
}
