import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkOffer, type RequestedRights } from './check-offer.ts'
import { parseConfig } from './config.ts'
import { Problem } from './problem.ts'

const config = parseConfig({
  cluster: 'lab',
  roles: [
    { name: 'view', scope: 'cluster', maxPeriod: '8h' },
    { name: 'edit', scope: 'namespaced', maxPeriod: '4h' },
  ],
})

const view: RequestedRights = { role: 'view', periodSeconds: 3_600 }
const edit: RequestedRights = { role: 'edit', namespaces: ['web'], periodSeconds: 3_600 }

describe('an offer', () => {
  it('holds within its scope and its bounds', () => {
    for (const request of [view, edit, { ...view, periodSeconds: 600 }, { ...view, periodSeconds: 28_800 }]) {
      checkOffer(request, config)
    }
  })

  it('never holds for longer than the longest session', () => {
    assert.throws(() => checkOffer(view, { ...config, maxSessionSeconds: 1_800 }), /at most 30m/)
  })

  const refused: readonly (readonly [string, RequestedRights, string])[] = [
    ['a role of another scope', { ...edit, namespaces: undefined }, 'role-not-offered'],
    ['a cluster role in namespaces', { ...view, namespaces: ['web'] }, 'role-not-offered'],
    ['a role of another letter case', { ...view, role: 'View' }, 'role-not-offered'],
    ['a role that every object has', { ...view, role: 'constructor' }, 'role-not-offered'],
    ['no namespace at all', { ...edit, namespaces: [] }, 'role-not-offered'],
    ['a protected namespace among others', { ...edit, namespaces: ['web', 'knative-eventing'] }, 'namespace-protected'],
    ['too short a period', { ...view, periodSeconds: 599 }, 'period-invalid'],
    ['too long a period', { ...edit, periodSeconds: 14_401 }, 'period-invalid'],
    ['a part of a second', { ...view, periodSeconds: 3_600.5 }, 'period-invalid'],
    ['no number', { ...view, periodSeconds: Number.NaN }, 'period-invalid'],
    ['for ever', { ...view, periodSeconds: Number.POSITIVE_INFINITY }, 'period-invalid'],
  ]
  for (const [what, request, code] of refused) {
    it(`is not for ${what}`, () => {
      assert.throws(
        () => checkOffer(request, config),
        error => error instanceof Problem && error.code === code,
      )
    })
  }
})
