import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { functionNames } from '#events/functions'
import { type Api, openApi } from '../kube/api.ts'
import { startLab } from '../lab/index.ts'
import { type Install, installTka } from '../lab/install.ts'
import { actAs } from '../lab/install-identity.ts'

const strings = v.optional(v.array(v.string()), [])
const Review = v.object({
  status: v.object({
    incomplete: v.literal(false),
    resourceRules: v.array(
      v.object({ apiGroups: strings, resources: strings, resourceNames: strings, verbs: v.array(v.string()) }),
    ),
  }),
})

// What every authenticated user may ask about itself (ClusterRole system:basic-user).
const everybodys = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'])

const keep = 'create delete get list patch watch'
const provisionersEverywhere = [
  `clusterrolebindings: ${keep}`,
  'clusterroles[view]: bind',
  `rolebindings: ${keep}`,
  'subjectaccessreviews: create',
]
const sweepersEverywhere = ['clusterrolebindings: list', 'rolebindings: list']

/** The table of architecture.md: what each may do in the sessions namespace, in its own, and anywhere else. */
const rights: Readonly<
  Record<string, { readonly sessions: string[]; readonly system: string[]; readonly elsewhere: string[] }>
> = {
  login: {
    sessions: ['leases: get list watch', 'serviceaccounts: get'],
    system: ['leases[INSTALL-login]: get update', 'secrets[INSTALL-login-node]: get patch'],
    elsewhere: [],
  },
  provisioner: {
    sessions: [
      ...provisionersEverywhere,
      `leases: ${keep}`,
      'namespaces[SESSIONS]: get',
      `serviceaccounts: ${keep}`,
      'serviceaccounts/token: create',
    ].sort(),
    system: provisionersEverywhere,
    elsewhere: provisionersEverywhere,
  },
  logout: { sessions: ['leases: get'], system: [], elsewhere: [] },
  sweeper: {
    sessions: [...sweepersEverywhere, 'leases: list', 'serviceaccounts: list'].sort(),
    system: sweepersEverywhere,
    elsewhere: sweepersEverywhere,
  },
  deadletter: { sessions: [], system: [], elsewhere: [] },
  tick: { sessions: [], system: [], elsewhere: [] },
  keys: {
    sessions: [],
    system: [
      'configmaps[INSTALL-public-keys]: get patch',
      `secrets[${functionNames.map(name => `INSTALL-${name}-signing-key`).join(',')}]: get patch`,
    ],
    elsewhere: [],
  },
}

describe('the rights of the functions', () => {
  const stack = new AsyncDisposableStack()
  let install: Install
  let as: (name: string) => Promise<Api>

  before(async () => {
    const lab = stack.use(await startLab())
    install = stack.use(
      await installTka(lab, { without: functionNames, roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }] }),
    )
    const admin = stack.use(await openApi(lab.kubeconfig))
    const namespace = install.namespaces.system
    as = async name => stack.use(await actAs(admin, lab.apiServer, { namespace, name }))
  })
  after(() => stack.disposeAsync())

  for (const [name, expected] of Object.entries(rights)) {
    it(`${name} has exactly those of the table`, async () => {
      const api = await as(name)
      const { sessions, system } = install.namespaces
      const named = (rules: readonly string[]) =>
        rules.map(rule => rule.replaceAll('INSTALL', install.install).replace('SESSIONS', sessions))
      assert.deepEqual(await rulesIn(api, sessions), named(expected.sessions))
      assert.deepEqual(await rulesIn(api, system), named(expected.system))
      assert.deepEqual(await rulesIn(api, 'default'), named(expected.elsewhere))
    })
  }

  it('every ServiceAccount of the base is in the table', () => {
    const accounts = install.manifests
      .filter(({ kind }) => kind === 'ServiceAccount')
      .map(({ metadata }) => metadata.name)
    assert.deepEqual(accounts.sort(), Object.keys(rights).sort())
  })
})

// `resource[names]: verbs`, sorted, one line per resource.
async function rulesIn(api: Api, namespace: string): Promise<readonly string[]> {
  const answer = await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
  })
  const lines = v.parse(Review, answer).status.resourceRules.flatMap(({ resources, resourceNames, verbs }) =>
    resources
      .filter(resource => !everybodys.has(resource))
      .map(resource => {
        const names = resourceNames.length === 0 ? '' : `[${resourceNames.join(',')}]`
        return `${resource}${names}: ${verbs.toSorted().join(' ')}`
      }),
  )
  return lines.sort()
}
