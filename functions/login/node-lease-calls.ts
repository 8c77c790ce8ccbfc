import { getHolderLease, type HolderLease, updateHolderLease } from '#io/kubernetes/holder-lease'
import type { Kubernetes } from '#io/kubernetes/kubernetes'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import type { NodeLeaseDeps } from './node-lease.ts'

/** Reads and writes login's own Lease in Kubernetes. */
export function nodeLeaseCalls(
  kubernetes: Kubernetes,
  ref: { readonly namespace: string; readonly name: string },
): Pick<NodeLeaseDeps<HolderLease>, 'read' | 'write'> {
  return {
    read: signal => getHolderLease(kubernetes, ref, { signal }),
    async write({ holder: _, wantedBy: __, renewedAt: ___, ...lease }, { holder, wantedBy, renewedAt }, signal) {
      const changed = {
        ...lease,
        ...(holder === undefined ? {} : { holder }),
        ...(wantedBy === undefined ? {} : { wantedBy }),
        ...(renewedAt === undefined ? {} : { renewedAt }),
      }
      try {
        return await updateHolderLease(kubernetes, changed, { signal })
      } catch (error) {
        if (failedWith(error, 'conflict')) return undefined
        throw error
      }
    },
  }
}
