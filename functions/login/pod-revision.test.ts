import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isEarlierRevision } from './pod-revision.ts'

const first = 'login-00001-deployment-5bff5b4b8c-vb8hw-7'
const second = 'login-00002-deployment-744c65bff-wjbml-7'

describe('a pod of an earlier revision', () => {
  it('has the smaller generation', () => {
    assert.equal(isEarlierRevision(first, second), true)
    assert.equal(isEarlierRevision(second, first), false)
    assert.equal(isEarlierRevision('login-99999-deployment-a-b-1', 'login-100000-deployment-a-b-1'), true)
  })

  it('is not another pod of the same revision', () => {
    assert.equal(isEarlierRevision(first, 'login-00001-deployment-5bff5b4b8c-x2x2x-7'), false)
  })

  it('is none that Knative did not number, nor one of another Service', () => {
    assert.equal(isEarlierRevision('login-5bff5b4b8c-vb8hw-7', second), false)
    assert.equal(isEarlierRevision(first, 'login-blue-deployment-5bff5b4b8c-vb8hw-7'), false)
    assert.equal(isEarlierRevision('other-00001-deployment-5bff5b4b8c-vb8hw-7', second), false)
  })
})
