import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resourceOf } from './call-span.ts'

describe('the span of a call', () => {
  const paths: readonly (readonly [string, string])[] = [
    ['/apis/coordination.k8s.io/v1/namespaces/tka/leases/tka-user-alice', 'leases'],
    ['/apis/coordination.k8s.io/v1/namespaces/tka/leases?limit=500', 'leases'],
    ['/api/v1/namespaces/tka/serviceaccounts/tka-user-alice/token', 'serviceaccounts/token'],
    ['/api/v1/namespaces/tka', 'namespaces'],
    ['/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/x?dryRun=All', 'clusterrolebindings'],
    ['/apis/authorization.k8s.io/v1/subjectaccessreviews', 'subjectaccessreviews'],
    ['/version', 'other'],
  ]
  for (const [path, resource] of paths) {
    it(`of ${path} names ${resource} and nobody`, () => assert.equal(resourceOf(path), resource))
  }
})
