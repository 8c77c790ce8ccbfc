import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { adminPowers, type PolicyRule } from './admin-powers.ts'
import { type ClusterRole, checkOffers } from './offered-roles.ts'

const core = (resources: readonly string[], ...verbs: string[]): PolicyRule => ({ apiGroups: [''], resources, verbs })

describe('adminPowers', () => {
  const cases: readonly (readonly [string, PolicyRule, readonly string[]])[] = [
    ['reading Pods is none', core(['pods', 'pods/log'], 'get', 'list', 'watch'), []],
    ['reading Secrets', core(['secrets'], 'list'), ['reads Secrets']],
    ['reading one Secret', { ...core(['secrets'], 'get'), resourceNames: ['one'] }, ['reads Secrets']],
    ['deleting Secrets is none', core(['secrets'], 'delete'), []],
    ['minting tokens', core(['serviceaccounts/token'], 'create'), ['mints tokens']],
    ['minting tokens by subresource wildcard', core(['*/token'], 'create'), ['mints tokens']],
    ['exec, which is a GET over WebSocket', core(['pods/exec'], 'get'), ['runs commands in Pods']],
    ['making Pods', core(['pods'], 'create'), ['makes Pods']],
    ['making Deployments', { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] }, ['makes Pods']],
    ['impersonation', core(['groups'], 'impersonate'), ['impersonates']],
    [
      'writing bindings',
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['create'] },
      ['writes RBAC'],
    ],
    ['non-resource URLs are none', { verbs: ['*'] }, []],
    ['secrets of another group are none', { apiGroups: ['example.com'], resources: ['secrets'], verbs: ['get'] }, []],
  ]
  for (const [name, rule, expected] of cases) it(name, () => assert.deepEqual(adminPowers([rule]), expected))

  it('finds every power in cluster-admin', () => {
    const everything = adminPowers([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])
    assert.deepEqual(everything, [
      'reads Secrets',
      'mints tokens',
      'runs commands in Pods',
      'makes Pods',
      'impersonates',
      'writes RBAC',
      'writes admission rules',
    ])
  })
})

describe('checkOffers', () => {
  const roles: Readonly<Record<string, ClusterRole>> = {
    reader: { rules: [core(['pods'], 'get')], aggregated: false },
    admin: { rules: [core(['secrets'], 'get')], aggregated: true },
    unready: { rules: [], aggregated: true },
  }
  const read = async (name: string) => roles[name]
  const offer = (name: string, scope: 'cluster' | 'namespaced', clusterAdminEquivalent = false) => ({
    name,
    scope,
    clusterAdminEquivalent,
  })

  it('lets a harmless role be offered in the whole cluster', () => checkOffers([offer('reader', 'cluster')], read))
  it('lets an administrator be offered in namespaces', () => checkOffers([offer('admin', 'namespaced')], read))
  it('lets an administrator be offered in the whole cluster by whoever says so', () =>
    checkOffers([offer('admin', 'cluster', true)], read))

  it('names each role that is not there, not ready or too strong', () =>
    assert.rejects(
      checkOffers([offer('none', 'namespaced'), offer('unready', 'cluster'), offer('admin', 'cluster')], read),
      {
        message: [
          'role none, scope namespaced: there is no ClusterRole of this name',
          'role unready, scope cluster: its rules are not put together yet: try again in a moment',
          'role admin, scope cluster: in the whole cluster this amounts to cluster-admin (reads Secrets); offer it with clusterAdminEquivalent: true if you mean it',
        ].join('\n'),
      },
    ))
})
