import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf } from './read-failure.ts'

const status = (code: number, reason: string, message = '') =>
  [code, JSON.stringify({ kind: 'Status', code, reason, message })] as const

const policy = "ValidatingAdmissionPolicy 'guard' with binding 'guard' denied request: no"

describe('what the API server answers', () => {
  const cases: readonly [string, readonly [number, string], string][] = [
    ['404', status(404, 'NotFound'), 'not-found'],
    ['409 AlreadyExists', status(409, 'AlreadyExists'), 'exists'],
    ['409 Conflict', status(409, 'Conflict'), 'conflict'],
    ['403 of RBAC', status(403, 'Forbidden', 'User "x" cannot create'), 'forbidden'],
    ['403 of an admission policy', status(403, 'Forbidden', policy), 'denied'],
    ['422 of an admission policy', status(422, 'Invalid', policy), 'denied'],
    ['422 of validation', status(422, 'Invalid'), 'invalid'],
    ['429', status(429, 'TooManyRequests'), 'unavailable'],
    ['500', status(500, 'InternalError'), 'unavailable'],
    ['401, our own token', status(401, 'Unauthorized'), 'unavailable'],
    ['410', status(410, 'Expired'), 'unavailable'],
    ['a gateway’s page', [502, '<html>bad gateway</html>'], 'unavailable'],
  ]
  for (const [what, [code, body], failure] of cases) {
    it(`is ${failure} for ${what}`, () => {
      const error = failureOf({ method: 'GET', path: '/x' }, code, body)
      assert.equal(error.failure, failure)
      assert.equal(error.status, code)
    })
  }
})
