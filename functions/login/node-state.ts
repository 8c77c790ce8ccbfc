import type { StateStore } from 'tsnet-node'
import type { Kubernetes } from '#io/kubernetes/kubernetes'
import { getSecret, patchSecret, type SecretRef } from '#io/kubernetes/secrets'

/** What a Secret takes as a key. */
const secretKey = /^[-._a-zA-Z0-9]{1,253}$/

const timeoutMs = 10_000

/**
 * Keeps the tailnet node's state in a Secret, so that the same node comes back in whatever pod. One pod at a time writes it
 * (see node-lease.ts), so the last write counts.
 */
export function createNodeState(kubernetes: Kubernetes, ref: SecretRef): StateStore {
  // Written also while the process stops, so no call ends with it; each ends with the connection's own time limit.
  const options = () => ({ signal: AbortSignal.timeout(timeoutMs) })
  return {
    async read(key) {
      const { data } = await getSecret(kubernetes, ref, options())
      const value = data[toSecretKey(key)]
      return value === undefined || value.byteLength === 0 ? undefined : value
    },
    async write(key, value) {
      const data = { [toSecretKey(key)]: value.byteLength === 0 ? undefined : value }
      await patchSecret(kubernetes, ref, { data }, options())
    },
  }
}

/** Keys of the state as they are, or in base64url where a Secret would refuse them. */
function toSecretKey(key: string): string {
  return secretKey.test(key) && !key.startsWith('b64.') ? key : `b64.${Buffer.from(key).toString('base64url')}`
}
