import type { SessionCluster } from '#io/kubernetes/session-cluster'

/** The process died in the middle of a call. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

export interface FaultyCluster {
  readonly cluster: SessionCluster
  /** How many writes were begun. */
  writes(): number
}

/**
 * A cluster whose user dies at its nth write: before the API server sees it, or after it did and before the answer arrives. From
 * then on no call goes through. For tests.
 */
export function killAtWrite(cluster: SessionCluster, nth: number, moment: 'before' | 'after'): FaultyCluster {
  let count = 0
  let dead = false
  const guard = <A extends unknown[], R>(call: (...args: A) => Promise<R>, isWrite: boolean) => {
    return async (...args: A): Promise<R> => {
      if (dead) throw new Killed('the process is dead')
      if (!isWrite) return call(...args)
      count += 1
      if (count < nth) return call(...args)
      dead = true
      if (moment === 'after') await call(...args)
      throw new Killed(`killed ${moment} write ${nth}`)
    }
  }
  return {
    writes: () => count,
    cluster: {
      getLease: guard(cluster.getLease, false),
      writeLease: guard(cluster.writeLease, true),
      deleteLease: guard(cluster.deleteLease, true),
      getServiceAccount: guard(cluster.getServiceAccount, false),
      createServiceAccount: guard(cluster.createServiceAccount, true),
      dateServiceAccount: guard(cluster.dateServiceAccount, true),
      deleteServiceAccount: guard(cluster.deleteServiceAccount, true),
      getBinding: guard(cluster.getBinding, false),
      createBinding: guard(cluster.createBinding, true),
      dateBinding: guard(cluster.dateBinding, true),
      deleteBinding: guard(cluster.deleteBinding, true),
      mintToken: guard(cluster.mintToken, false),
      whyAllowed: guard(cluster.whyAllowed, false),
    },
  }
}
