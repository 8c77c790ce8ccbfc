import { setTimeout as sleep } from 'node:timers/promises'
import type { StateStore } from 'tsnet-node'
import type { Kubernetes } from '#io/kubernetes/kubernetes'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import { getSecret, patchSecret, type SecretRef } from '#io/kubernetes/secrets'

/** What keeping the node's state needs. */
export interface NodeStateDeps {
  /** Every call ends with the signal, or with a time limit of its own. */
  readonly read: (key: string, signal: AbortSignal) => Promise<Uint8Array | undefined>
  readonly write: (key: string, value: Uint8Array, signal: AbortSignal) => Promise<void>
  /** Told of writes that failed and are made again. */
  readonly failed: (error: unknown) => void
  readonly retryMs: number
}

/**
 * Keeps the tailnet node's state where the same node finds it in whatever pod. One pod at a time writes it (see node-lease.ts), so the
 * last write counts, and none is made after `signal`. Until then a write is made again while the API server is away: the tailnet may
 * know a new key already, and nobody else does.
 */
export function createNodeState({ read, write, failed, retryMs }: NodeStateDeps, signal: AbortSignal): StateStore {
  return {
    read: key => read(key, signal),
    async write(key, value) {
      for (;;) {
        try {
          return await write(key, value, signal)
        } catch (error) {
          if (signal.aborted || !isPassing(error)) throw error
          failed(error)
        }
        await sleep(retryMs, undefined, { signal })
      }
    },
  }
}

function isPassing(error: unknown): boolean {
  return failedWith(error, 'unavailable') || (error instanceof DOMException && error.name === 'TimeoutError')
}

/** What a Secret takes as a key. */
const secretKey = /^[-._a-zA-Z0-9]{1,253}$/

/** Reads and writes the state in a Secret. */
export function nodeStateCalls(kubernetes: Kubernetes, ref: SecretRef): Pick<NodeStateDeps, 'read' | 'write'> {
  return {
    async read(key, signal) {
      const { data } = await getSecret(kubernetes, ref, { signal })
      const value = data[toSecretKey(key)]
      return value === undefined || value.byteLength === 0 ? undefined : value
    },
    async write(key, value, signal) {
      const data = { [toSecretKey(key)]: value.byteLength === 0 ? undefined : value }
      await patchSecret(kubernetes, ref, { data }, { signal })
    },
  }
}

/** Keys of the state as they are, or in base64url where a Secret would refuse them. */
function toSecretKey(key: string): string {
  return secretKey.test(key) && !key.startsWith('b64.') ? key : `b64.${Buffer.from(key).toString('base64url')}`
}
