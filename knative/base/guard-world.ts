// The people and objects among whom the guard is tested.
import { randomUUID } from 'node:crypto'
import { functionNames } from '#events/functions'
import { type Api, type Impersonated, openApi } from '../kube/api.ts'
import { applyAll, deleteAll, pathOf } from '../kube/apply.ts'
import { type Install, installTka } from '../lab/install.ts'
import { actAs } from '../lab/install-identity.ts'
import type { Lab } from '../lab/lab.ts'
import type { Manifest } from '../render/manifest.ts'
import { render } from '../render/render.ts'

const rbac = { apiGroup: 'rbac.authorization.k8s.io' }
const hourMs = 3_600_000

/** Who acts: each with a real token, `admin` with the lab's certificate (system:masters). */
export interface People {
  readonly admin: Api
  readonly provisioner: Api
  readonly login: Api
  /** A session: `admin` in the namespace team. */
  readonly person: Api
  /** A session: `edit` in the whole cluster. */
  readonly editor: Api
  /** Not ours: `admin` of the namespace team. */
  readonly boss: Api
  /** Not ours: cluster-admin by a binding, in none of the administrators' groups. */
  readonly root: Api
  /** As root, but an administrator by name. */
  readonly operator: Api
}

const operator = 'operator@example.com'

/** Objects of this install, as their makers would make them. */
export interface World {
  readonly install: Install
  readonly team: string
  readonly sessions: string
  readonly people: People
  /** ServiceAccounts of the sessions behind `person` and `editor`. */
  readonly accounts: { readonly person: string; readonly editor: string }
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: (name: string, changes?: ObjectChanges) => Manifest
  readonly lease: (name: string, changes?: ObjectChanges) => Manifest
  /** A RoleBinding in the namespace, a ClusterRoleBinding without one. */
  readonly binding: (serviceAccount: string, changes?: BindingChanges) => Manifest
}

interface ObjectChanges {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly object[]
}

interface BindingChanges extends ObjectChanges {
  readonly name?: string
  readonly namespace?: string
  readonly role?: string
  readonly roleKind?: string
  readonly subjects?: readonly object[]
}

/** An RFC 3339 instant this many hours from now. */
export function inHours(hours: number): string {
  return `${new Date(Date.now() + hours * hourMs).toISOString().slice(0, 19)}Z`
}

/** Creates an object, as another user where one is given. */
export function create(
  api: Api,
  manifest: Manifest,
  query: Readonly<Record<string, string>> = {},
  impersonate?: Impersonated,
): Promise<unknown> {
  return api.call('POST', pathOf(manifest).replace(/\/[^/]*$/, ''), {
    body: manifest,
    query,
    ...(impersonate === undefined ? {} : { impersonate }),
  })
}

/** Installs TKA without its functions and brings everybody together. */
export async function gather(lab: Lab, stack: AsyncDisposableStack): Promise<World> {
  const install = stack.use(
    await installTka(lab, {
      without: functionNames,
      roles: [
        { name: 'view', scope: 'cluster', maxPeriod: '8h' },
        { name: 'edit', scope: 'cluster', maxPeriod: '8h', clusterAdminEquivalent: true },
        { name: 'edit', scope: 'namespaced', maxPeriod: '8h' },
        { name: 'admin', scope: 'namespaced', maxPeriod: '8h' },
      ],
      config: { maxSession: '10h' },
      render: description => render({ ...description, adminUsers: [operator] }),
    }),
  )
  const admin = stack.use(await openApi(lab.kubeconfig))
  const { sessions, system } = install.namespaces
  const team = `${install.install}-team`
  const labels = { 'app.kubernetes.io/managed-by': 'tka', 'app.kubernetes.io/instance': install.install }
  const annotations = () => ({ 'tka.dev/valid-until': inHours(8) })

  const serviceAccount: World['serviceAccount'] = (name, changes = {}) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: sessions, labels, annotations: annotations(), ...changes, name },
  })
  const lease: World['lease'] = (name, changes = {}) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: sessions, labels, ...changes, name },
  })
  const binding: World['binding'] = (account, changes = {}) => {
    const { namespace, name, role = 'edit', roleKind = 'ClusterRole', subjects, ...metadata } = changes
    return {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
      metadata: {
        labels,
        annotations: annotations(),
        ...metadata,
        ...(namespace === undefined ? {} : { namespace }),
        name: name ?? `${account}-${randomUUID().slice(0, 8)}`,
      },
      roleRef: { ...rbac, kind: roleKind, name: role },
      subjects: subjects ?? [{ kind: 'ServiceAccount', name: account, namespace: sessions }],
    }
  }

  const strangers = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: team } },
    ...['boss', 'root'].map(name => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: team },
    })),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'boss', namespace: team },
      roleRef: { ...rbac, kind: 'ClusterRole', name: 'admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'boss', namespace: team }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `${team}-root` },
      roleRef: { ...rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'root', namespace: team }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `${team}-operator` },
      roleRef: { ...rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', apiGroup: rbac.apiGroup, name: operator }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `${team}-viewers` },
      roleRef: { ...rbac, kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: rbac.apiGroup, name: 'bob' }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'empty', namespace: team },
      rules: [],
    },
  ]
  stack.defer(async () => {
    await deleteAll(admin, strangers)
  })
  await applyAll(admin, strangers)

  const as = async (namespace: string, name: string) =>
    stack.use(await actAs(admin, lab.apiServer, { namespace, name }))
  const provisioner = await as(system, 'provisioner')
  const accounts = { person: `${install.install}-user-person`, editor: `${install.install}-user-editor` }
  // Through the guard's allowed side.
  for (const name of Object.values(accounts)) await create(provisioner, serviceAccount(name))
  await create(provisioner, binding(accounts.person, { namespace: team, role: 'admin', name: `${accounts.person}-1` }))
  await create(provisioner, binding(accounts.editor, { role: 'edit', name: `${accounts.editor}-1` }))

  const people: People = {
    admin,
    provisioner,
    login: await as(system, 'login'),
    person: await as(sessions, accounts.person),
    editor: await as(sessions, accounts.editor),
    boss: await as(team, 'boss'),
    root: await as(team, 'root'),
    operator: {
      ...admin,
      call: (method, path, call) => admin.call(method, path, { ...call, impersonate: { user: operator } }),
    },
  }
  return { install, team, sessions, people, accounts, labels, serviceAccount, lease, binding }
}
