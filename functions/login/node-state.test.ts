import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import { createNodeState } from './node-state.ts'

const value = new Uint8Array([1, 2])
const away = () => new KubernetesError('unavailable', 'PATCH /api/v1/secrets: ECONNREFUSED')

/** A place for the state whose next writes fail with these errors; `forever` goes on with the last. */
function createPlace({ errors = [], forever }: { errors?: readonly unknown[]; forever?: unknown }) {
  const values = new Map<string, Uint8Array>()
  const failures: unknown[] = []
  const left = [...errors]
  return {
    values,
    failures,
    deps: {
      read: async (key: string) => values.get(key),
      write: async (key: string, bytes: Uint8Array) => {
        const error = left.shift() ?? forever
        if (error !== undefined) throw error
        values.set(key, bytes)
      },
      failed: (error: unknown): void => {
        failures.push(error)
      },
      retryMs: 1,
    },
  }
}

describe('the state of the tailnet node', () => {
  it('is written again until the API server takes it', async () => {
    const errors = [away(), new DOMException('took too long', 'TimeoutError'), away()]
    const place = createPlace({ errors })
    const state = createNodeState(place.deps, AbortSignal.timeout(60_000))
    await state.write('key', value)
    assert.deepEqual(await state.read('key'), value)
    assert.deepEqual(place.failures, errors)
  })

  it('is not written again where that would change nothing', async () => {
    const forbidden = new KubernetesError('forbidden', 'PATCH /api/v1/secrets: 403')
    const place = createPlace({ errors: [forbidden] })
    const state = createNodeState(place.deps, AbortSignal.timeout(60_000))
    await assert.rejects(state.write('key', value), error => error === forbidden)
    assert.deepEqual(place.failures, [])
  })

  it('is left alone once another pod may be the node', async () => {
    const place = createPlace({ forever: away() })
    const over = new AbortController()
    place.deps.failed = () => over.abort()
    const state = createNodeState(place.deps, over.signal)
    await assert.rejects(state.write('key', value), { name: 'AbortError' })
    assert.equal(place.values.size, 0)
  })
})
