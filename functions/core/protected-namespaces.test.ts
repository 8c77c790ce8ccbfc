import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isProtectedNamespace } from './protected-namespaces.ts'

describe('a protected namespace', () => {
  const namespaces = { system: 'tka-system', sessions: 'tka' }
  for (const name of ['tka', 'tka-system', 'kube-system', 'kube-public', 'knative-serving']) {
    it(`is ${name}`, () => assert.ok(isProtectedNamespace(name, namespaces)))
  }
  for (const name of ['default', 'tka-apps', 'kubernetes']) {
    it(`is not ${name}`, () => assert.ok(!isProtectedNamespace(name, namespaces)))
  }
})
