import assert from 'node:assert/strict'
import { ApiError } from '../../kube/api.ts'
import { render } from '../../render/render.ts'
import type { Examined } from '../finding.ts'

const { config } = await render()

/** The shipped install for one check, with an API server that has `live` at every path; nothing where that is `undefined`. */
export function examinedWith(expected: Examined['expected'], live: unknown, now = Date.now()): Examined {
  const api: Examined['api'] = {
    async call(method, path) {
      if (live === undefined) throw new ApiError(`${method} ${path}`, 404, 'NotFound', 'not there')
      return live
    },
    watch: () => assert.fail('nothing is watched'),
    [Symbol.dispose]: () => undefined,
  }
  return { api, config, components: [], expected, now: () => now }
}
