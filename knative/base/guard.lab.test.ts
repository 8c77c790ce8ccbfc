import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Api, ApiError } from '../kube/api.ts'
import { pathOf } from '../kube/apply.ts'
import { startLab } from '../lab/index.ts'
import type { Manifest } from '../render/manifest.ts'
import { create, gather, inHours, type People, type World } from './guard-world.ts'

type Policy = 'provisioner-bindings' | 'provisioner-sessions' | 'others-bindings' | 'others-sessions'

/** One thing that somebody tries. `rbac`: the guard is not even asked. */
interface Attempt {
  readonly title: string
  readonly by: keyof People
  readonly refusedBy?: Policy | 'rbac'
  readonly does: (world: World, api: Api) => Promise<unknown>
}

const dryRun = { dryRun: 'All' }
const make = (manifest: (world: World) => Manifest) => (world: World, api: Api) => create(api, manifest(world), dryRun)
const remove = (path: (world: World) => string) => (world: World, api: Api) =>
  api.call('DELETE', path(world), { query: dryRun })
const patch = (path: (world: World) => string, body: (world: World) => unknown) => (world: World, api: Api) =>
  api.call('PATCH', path(world), { body: body(world), contentType: 'application/merge-patch+json', query: dryRun })
const mint = (name: (world: World) => string, spec: object) => (world: World, api: Api) =>
  api.call('POST', `/api/v1/namespaces/${world.sessions}/serviceaccounts/${name(world)}/token`, { body: { spec } })

const user = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })
const group = (name: string) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name })
const account = (namespace: string, name: string) => ({ kind: 'ServiceAccount', namespace, name })
const namespaceOwner = ({ sessions }: World) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  name: sessions,
  uid: '7fb0a2a4-2c8e-4c3e-9d0f-1d5a0c9f7a11',
})
const someone = ({ install }: World) => `${install.install}-user-someone`
const personsBinding = ({ team, accounts }: World) =>
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${team}/rolebindings/${accounts.person}-1`
const editorsBinding = ({ accounts }: World) =>
  `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${accounts.editor}-1`
const viewers = ({ team }: World) => `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${team}-viewers`
const clusterAdmins = () => '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin'
const inSessions = (kind: string) => (world: World) => `/api/v1/namespaces/${world.sessions}/${kind}`
const validUntil = (value: string) => ({ metadata: { annotations: { 'tka.dev/valid-until': value } } })

const allowedBindings: readonly Attempt[] = [
  {
    title: 'binds an offered role in the whole cluster',
    by: 'provisioner',
    does: make(w => w.binding(someone(w), { role: 'view' })),
  },
  {
    title: 'binds an offered role in a namespace',
    by: 'provisioner',
    does: make(w => w.binding(someone(w), { namespace: w.team })),
  },
  {
    title: 'binds so that the binding goes with the sessions namespace',
    by: 'provisioner',
    does: make(w => w.binding(someone(w), { role: 'view', ownerReferences: [namespaceOwner(w)] })),
  },
  {
    title: 'binds for exactly the longest session',
    by: 'provisioner',
    does: make(w => w.binding(someone(w), { annotations: { 'tka.dev/valid-until': inHours(10) } })),
  },
  { title: 'extends a RoleBinding', by: 'provisioner', does: patch(personsBinding, () => validUntil(inHours(9))) },
  {
    title: 'extends a ClusterRoleBinding',
    by: 'provisioner',
    does: patch(editorsBinding, () => validUntil(inHours(9))),
  },
  { title: 'deletes a RoleBinding', by: 'provisioner', does: remove(personsBinding) },
  { title: 'deletes a ClusterRoleBinding', by: 'provisioner', does: remove(editorsBinding) },
]

const refusedBindings: readonly Omit<Attempt, 'by'>[] = [
  { title: 'a binding with a name that is no session’s', does: make(w => w.binding(someone(w), { name: 'innocent' })) },
  {
    title: 'a binding named like another session’s',
    does: make(w => w.binding(someone(w), { name: `${w.accounts.person}-2` })),
  },
  { title: 'a binding without labels', does: make(w => w.binding(someone(w), { labels: {} })) },
  {
    title: 'a binding with the labels of another install',
    does: make(w => w.binding(someone(w), { labels: { ...w.labels, 'app.kubernetes.io/instance': 'another' } })),
  },
  {
    title: 'a second subject',
    does: make(w =>
      w.binding(someone(w), { subjects: [account(w.sessions, someone(w)), account(w.sessions, w.accounts.person)] }),
    ),
  },
  { title: 'no subject', does: make(w => w.binding(someone(w), { subjects: [] })) },
  {
    title: 'a ServiceAccount of another namespace',
    does: make(w => w.binding(someone(w), { subjects: [account(w.team, someone(w))] })),
  },
  {
    title: 'a ServiceAccount that is no session',
    does: make(w => w.binding('default', { name: `${someone(w)}-1` })),
  },
  {
    title: 'itself',
    does: make(w => w.binding(someone(w), { subjects: [account(w.install.namespaces.system, 'provisioner')] })),
  },
  { title: 'a user', does: make(w => w.binding(someone(w), { subjects: [user('mallory')] })) },
  { title: 'everybody', does: make(w => w.binding(someone(w), { subjects: [group('system:authenticated')] })) },
  {
    title: 'a role that is offered in namespaces only, in the whole cluster',
    does: make(w => w.binding(someone(w), { role: 'admin' })),
  },
  {
    title: 'a role that is offered in the whole cluster only, in a namespace',
    does: make(w => w.binding(someone(w), { role: 'view', namespace: w.team })),
  },
  {
    // Without rules there is nothing that RBAC would call an escalation.
    title: 'a Role of the namespace',
    does: make(w => w.binding(someone(w), { roleKind: 'Role', role: 'empty', namespace: w.team })),
  },
  ...['kube-system', 'kube-public', 'knative-eventing'].map(namespace => ({
    title: `a binding in ${namespace}`,
    does: make(w => w.binding(someone(w), { namespace })),
  })),
  { title: 'a binding in the sessions namespace', does: make(w => w.binding(someone(w), { namespace: w.sessions })) },
  {
    title: 'a binding in the system namespace',
    does: make(w => w.binding(someone(w), { namespace: w.install.namespaces.system })),
  },
  { title: 'no end', does: make(w => w.binding(someone(w), { annotations: {} })) },
  {
    title: 'an end beyond the longest session',
    does: make(w => w.binding(someone(w), { annotations: { 'tka.dev/valid-until': inHours(11) } })),
  },
  {
    title: 'an end that is no time',
    does: make(w => w.binding(someone(w), { annotations: { 'tka.dev/valid-until': 'tomorrow' } })),
  },
  { title: 'a finalizer', does: make(w => w.binding(someone(w), { finalizers: ['example.com/stay'] })) },
  {
    title: 'an owner that is no namespace',
    does: make(w =>
      w.binding(someone(w), {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '7fb0a2a4-2c8e-4c3e-9d0f-1d5a0c9f7a11' },
        ],
      }),
    ),
  },
  {
    title: 'another namespace as the owner',
    does: make(w =>
      w.binding(someone(w), { ownerReferences: [{ ...namespaceOwner(w), name: w.install.namespaces.system }] }),
    ),
  },
  {
    title: 'an owner that cannot go before it',
    does: make(w => w.binding(someone(w), { ownerReferences: [{ ...namespaceOwner(w), blockOwnerDeletion: true }] })),
  },
  { title: 'an extension beyond the longest session', does: patch(editorsBinding, () => validUntil(inHours(11))) },
  {
    title: 'a finalizer added later',
    does: patch(personsBinding, () => ({ metadata: { finalizers: ['example.com/stay'] } })),
  },
  {
    title: 'a label taken away',
    does: patch(personsBinding, () => ({ metadata: { labels: { 'app.kubernetes.io/managed-by': null } } })),
  },
  {
    title: 'another subject in a session’s binding',
    does: patch(personsBinding, w => ({ subjects: [account(w.sessions, w.accounts.editor)] })),
  },
  {
    title: 'a session in an administrator’s binding of an offered role',
    does: patch(viewers, w => ({ subjects: [account(w.sessions, w.accounts.person)] })),
  },
  {
    title: 'our labels on an administrator’s binding',
    does: patch(viewers, w => ({ metadata: { labels: w.labels } })),
  },
  { title: 'the end of the cluster’s own binding', does: remove(clusterAdmins) },
]

const allowedSessions: readonly Attempt[] = [
  { title: 'makes a ServiceAccount', by: 'provisioner', does: make(w => w.serviceAccount(someone(w))) },
  { title: 'makes a Lease', by: 'provisioner', does: make(w => w.lease(someone(w))) },
  {
    title: 'extends a ServiceAccount',
    by: 'provisioner',
    does: patch(
      w => pathOf(w.serviceAccount(w.accounts.person)),
      () => validUntil(inHours(9)),
    ),
  },
  {
    title: 'deletes a ServiceAccount',
    by: 'provisioner',
    does: remove(w => pathOf(w.serviceAccount(w.accounts.person))),
  },
  {
    title: 'mints a token for as long as a session may last',
    by: 'provisioner',
    does: mint(w => w.accounts.person, { expirationSeconds: 36_000 }),
  },
  {
    title: 'mints a token with the API server’s own audience',
    by: 'provisioner',
    does: mint(w => w.accounts.person, { expirationSeconds: 600, audiences: ['https://kubernetes.default.svc'] }),
  },
]

const refusedSessions: readonly Omit<Attempt, 'by'>[] = [
  { title: 'a ServiceAccount that is no session’s', does: make(w => w.serviceAccount('innocent')) },
  { title: 'a ServiceAccount without labels', does: make(w => w.serviceAccount(someone(w), { labels: {} })) },
  { title: 'a ServiceAccount without an end', does: make(w => w.serviceAccount(someone(w), { annotations: {} })) },
  {
    title: 'a ServiceAccount beyond the longest session',
    does: make(w => w.serviceAccount(someone(w), { annotations: { 'tka.dev/valid-until': inHours(11) } })),
  },
  {
    title: 'a ServiceAccount with a finalizer',
    does: make(w => w.serviceAccount(someone(w), { finalizers: ['example.com/stay'] })),
  },
  {
    title: 'an extension of a ServiceAccount beyond the longest session',
    does: patch(
      w => pathOf(w.serviceAccount(w.accounts.person)),
      () => validUntil(inHours(11)),
    ),
  },
  {
    title: 'the namespace’s default ServiceAccount changed',
    does: patch(
      w => `${inSessions('serviceaccounts')(w)}/default`,
      w => ({ metadata: { labels: w.labels } }),
    ),
  },
  {
    title: 'the namespace’s default ServiceAccount deleted',
    does: remove(w => `${inSessions('serviceaccounts')(w)}/default`),
  },
  { title: 'a token of the default ServiceAccount', does: mint(() => 'default', { expirationSeconds: 600 }) },
  {
    title: 'a token that outlives the longest session',
    does: mint(w => w.accounts.person, { expirationSeconds: 36_001 }),
  },
  {
    title: 'a token for somebody else',
    does: mint(w => w.accounts.person, { expirationSeconds: 600, audiences: ['vault'] }),
  },
  {
    title: 'a token for the API server and somebody else',
    does: mint(w => w.accounts.person, {
      expirationSeconds: 600,
      audiences: ['https://kubernetes.default.svc', 'vault'],
    }),
  },
  { title: 'a Lease that is no session’s', does: make(w => w.lease('innocent')) },
  { title: 'a Lease without labels', does: make(w => w.lease(someone(w), { labels: {} })) },
]

const foreign = (w: World, subjects: readonly object[], name = 'own') =>
  w.binding(w.accounts.person, { namespace: w.team, name, role: 'view', labels: {}, annotations: {}, subjects })

const othersBindings: readonly Attempt[] = [
  { title: 'binds a user in his namespace', by: 'boss', does: make(w => foreign(w, [user('bob')])) },
  { title: 'makes a binding without subjects', by: 'boss', does: make(w => foreign(w, [])) },
  {
    title: 'binds a ServiceAccount of his own that is called like a session',
    by: 'boss',
    does: make(w => foreign(w, [account(w.team, w.accounts.person)])),
  },
  { title: 'deletes a session’s binding in his namespace', by: 'boss', does: remove(personsBinding) },
  {
    title: 'binds a session',
    by: 'boss',
    refusedBy: 'others-bindings',
    does: make(w => foreign(w, [account(w.sessions, w.accounts.person)])),
  },
  {
    title: 'binds a session next to a user',
    by: 'boss',
    refusedBy: 'others-bindings',
    does: make(w => foreign(w, [user('bob'), account(w.sessions, w.accounts.person)])),
  },
  {
    title: 'binds a session as the user that it is',
    by: 'boss',
    refusedBy: 'others-bindings',
    does: make(w => foreign(w, [user(`system:serviceaccount:${w.sessions}:${w.accounts.person}`)])),
  },
  {
    title: 'binds the group of all sessions',
    by: 'boss',
    refusedBy: 'others-bindings',
    does: make(w => foreign(w, [group(`system:serviceaccounts:${w.sessions}`)])),
  },
  {
    title: 'holds a session’s binding with a finalizer',
    by: 'boss',
    refusedBy: 'others-bindings',
    does: patch(personsBinding, () => ({ metadata: { finalizers: ['example.com/stay'] } })),
  },
  {
    title: 'takes a session’s binding over',
    by: 'boss',
    refusedBy: 'others-bindings',
    does: patch(personsBinding, () => ({ subjects: [user('bob')] })),
  },
  {
    title: 'lets a session’s binding last longer',
    by: 'person',
    refusedBy: 'others-bindings',
    does: patch(personsBinding, () => validUntil(inHours(100))),
  },
  {
    title: 'binds itself once more',
    by: 'person',
    refusedBy: 'others-bindings',
    does: make(w => foreign(w, [account(w.sessions, w.accounts.person)])),
  },
  { title: 'binds a user in the namespace it administers', by: 'person', does: make(w => foreign(w, [user('bob')])) },
  {
    title: 'binds a session in the whole cluster',
    by: 'admin',
    refusedBy: 'others-bindings',
    does: make(w => w.binding(someone(w), { role: 'view' })),
  },
  {
    title: 'binds a user in the whole cluster',
    by: 'admin',
    does: make(w => w.binding(someone(w), { subjects: [user('bob')] })),
  },
  {
    title: 'makes a binding in the whole cluster without subjects',
    by: 'admin',
    does: make(w => w.binding(someone(w), { subjects: [] })),
  },
]

const deployment = (w: World): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'miner', namespace: w.sessions },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { serviceAccountName: w.accounts.person, containers: [{ name: 'a', image: 'a' }] },
    },
  },
})
const pod = (w: World): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'miner', namespace: w.sessions },
  spec: {
    serviceAccountName: w.accounts.person,
    // As Pod Security `restricted` has it, which would refuse it otherwise.
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'a',
        image: 'a',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})
const plain =
  (kind: string) =>
  (w: World): Manifest => ({ apiVersion: 'v1', kind, metadata: { name: 'innocent', namespace: w.sessions } })
const tokenSecret = (w: World): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'token',
    namespace: w.sessions,
    annotations: { 'kubernetes.io/service-account.name': w.accounts.person },
  },
  type: 'kubernetes.io/service-account-token',
})

const othersSessions: readonly Attempt[] = [
  {
    title: 'makes a ServiceAccount',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: make(w => w.serviceAccount(someone(w))),
  },
  {
    title: 'deletes another person’s ServiceAccount',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: remove(w => pathOf(w.serviceAccount(w.accounts.person))),
  },
  {
    title: 'holds its own ServiceAccount with a finalizer',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: patch(
      w => pathOf(w.serviceAccount(w.accounts.editor)),
      () => ({ metadata: { finalizers: ['example.com/stay'] } }),
    ),
  },
  {
    title: 'mints another person’s token',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: mint(w => w.accounts.person, { expirationSeconds: 600 }),
  },
  {
    title: 'mints a token of its own that lasts longer',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: mint(w => w.accounts.editor, { expirationSeconds: 600 }),
  },
  {
    title: 'makes a Secret with another person’s token',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: make(tokenSecret),
  },
  { title: 'makes a Pod with another person’s token', by: 'editor', refusedBy: 'others-sessions', does: make(pod) },
  {
    title: 'makes a Deployment with another person’s token',
    by: 'editor',
    refusedBy: 'others-sessions',
    does: make(deployment),
  },
  { title: 'makes a ConfigMap', by: 'editor', refusedBy: 'others-sessions', does: make(plain('ConfigMap')) },
  { title: 'writes a Lease', by: 'root', refusedBy: 'others-sessions', does: make(w => w.lease(someone(w))) },
  {
    title: 'binds a user',
    by: 'root',
    refusedBy: 'others-sessions',
    does: make(w => w.binding(someone(w), { namespace: w.sessions, subjects: [user('bob')] })),
  },
  {
    title: 'runs a command in a Pod',
    by: 'root',
    refusedBy: 'others-sessions',
    does: (w, api) => api.call('POST', `${inSessions('pods')(w)}/any/exec`, { query: { command: 'id' } }),
  },
  {
    title: 'relabels the namespace',
    by: 'root',
    refusedBy: 'others-sessions',
    does: patch(
      w => `/api/v1/namespaces/${w.sessions}`,
      () => ({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } }),
    ),
  },
  {
    title: 'deletes the namespace',
    by: 'root',
    refusedBy: 'others-sessions',
    does: remove(w => `/api/v1/namespaces/${w.sessions}`),
  },
  { title: 'makes a ServiceAccount', by: 'login', refusedBy: 'rbac', does: make(w => w.serviceAccount(someone(w))) },
  {
    title: 'makes a binding',
    by: 'login',
    refusedBy: 'rbac',
    does: make(w => w.binding(someone(w), { role: 'view' })),
  },
  { title: 'makes a ServiceAccount', by: 'boss', refusedBy: 'rbac', does: make(w => w.serviceAccount(someone(w))) },
  {
    title: 'makes a ConfigMap in another namespace',
    by: 'editor',
    does: make(w => ({ ...plain('ConfigMap')(w), metadata: { name: 'own', namespace: w.team } })),
  },
  {
    // A namespaceSelector does not keep a policy from cluster-scoped objects.
    title: 'makes a ClusterRole',
    by: 'root',
    does: make(w => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${w.team}-own` },
      rules: [],
    })),
  },
  {
    title: 'labels another namespace',
    by: 'root',
    does: patch(
      w => `/api/v1/namespaces/${w.team}`,
      () => ({ metadata: { labels: { own: 'label' } } }),
    ),
  },
  { title: 'makes a ConfigMap', by: 'admin', does: make(plain('ConfigMap')) },
  { title: 'makes a Lease', by: 'admin', does: make(w => w.lease('own')) },
  { title: 'makes a Lease', by: 'operator', does: make(w => w.lease('own')) },
  { title: 'deletes the namespace', by: 'operator', does: remove(w => `/api/v1/namespaces/${w.sessions}`) },
]

describe('the guard', () => {
  const stack = new AsyncDisposableStack()
  let world: World

  before(async () => {
    world = await gather(stack.use(await startLab()), stack)
  })
  after(() => stack.disposeAsync())

  const attempts = (name: string, list: readonly Attempt[]) =>
    describe(name, () => {
      for (const { title, by, refusedBy, does } of list) {
        it(refusedBy === undefined ? `${by} ${title}` : `${by} cannot: ${title}`, async () => {
          const doing = does(world, world.people[by])
          if (refusedBy === undefined) await doing
          else await assert.rejects(doing, refusal(refusedBy))
        })
      }
    })
  const refusal = (by: Policy | 'rbac') => (error: unknown) => {
    assert.ok(error instanceof ApiError, String(error))
    if (by === 'rbac') assert.match(error.message, /is forbidden: User .* cannot/)
    else
      assert.match(
        error.message,
        new RegExp(`ValidatingAdmissionPolicy '${world.install.install}-guard-${by}' with binding`),
      )
    return true
  }
  const byProvisioner = (list: readonly Omit<Attempt, 'by'>[], refusedBy: Policy): readonly Attempt[] =>
    list.map(attempt => ({ ...attempt, by: 'provisioner', refusedBy }))

  attempts('A lets the provisioner bind', allowedBindings)
  attempts('A keeps the provisioner from any other binding', byProvisioner(refusedBindings, 'provisioner-bindings'))
  attempts('A lets the provisioner keep sessions', allowedSessions)
  attempts('A keeps the provisioner from anything else', byProvisioner(refusedSessions, 'provisioner-sessions'))
  attempts('B leaves bindings of sessions to the provisioner', othersBindings)
  attempts('C leaves the sessions namespace to the provisioner', othersSessions)

  describe('what was there before the guard', () => {
    // Kubernetes' own controllers are not bound by B: through them such a binding can be made.
    const plant = async (subjects: readonly object[], name: string): Promise<string> => {
      const manifest = foreign(world, subjects, name)
      await create(
        world.people.admin,
        manifest,
        {},
        { user: 'system:kube-controller-manager', groups: ['system:masters'] },
      )
      return pathOf(manifest)
    }

    it('the provisioner clears a foreign binding away that serves sessions alone', async () => {
      const path = await plant([account(world.sessions, world.accounts.person)], 'foreign-alone')
      await world.people.provisioner.call('DELETE', path)
    })

    it('but not one that serves somebody else too', async () => {
      const path = await plant([account(world.sessions, world.accounts.person), user('bob')], 'foreign-shared')
      await assert.rejects(world.people.provisioner.call('DELETE', path), refusal('provisioner-bindings'))
    })
  })
})
