import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { type Connection, connect } from '#io/kubernetes/connection'
import { type Api, openApi } from '../../knative/kube/api.ts'
import { type Lab, startLab } from '../../knative/lab/index.ts'
import { type Install, installTka } from '../../knative/lab/install.ts'
import { findPastDue } from './find-past-due.ts'
import { readLeases, readSessionObjects } from './read-session-objects.ts'

/** Whom the guard lets through, with rights that RBAC never refuses: the only way to leave something behind on purpose. */
const controller = { user: 'system:kube-controller-manager', groups: ['system:masters'] }

describe('the sweeper on a real API server', () => {
  const stack = new AsyncDisposableStack()
  let install: Install
  let admin: Api
  let connection: Connection

  before(async () => {
    const lab = stack.use(await startLab())
    install = stack.use(await installTka(lab, { without: ['login', 'provisioner', 'logout', 'sweeper', 'deadletter'] }))
    admin = stack.use(await openApi(lab.kubeconfig))
    connection = stack.use(connect(await readClusterAccess(await sweeperEnv(lab, install))))
  })
  after(() => stack.disposeAsync())

  const read = async () => {
    const unreadable: Error[] = []
    const scope = { install: install.install, sessionsNamespace: install.namespaces.sessions }
    const signal = AbortSignal.timeout(10_000)
    const objects = await readSessionObjects(connection, scope, { signal })
    const leases = readLeases(connection, scope, { signal, unreadable: error => unreadable.push(error) })
    const { findings } = await findPastDue(objects, leases, Date.now(), { maxSessionSeconds: 86_400 })
    return { findings, unreadable }
  }

  it('finds nothing where nothing is', async () => {
    assert.deepEqual(await read(), { findings: [], unreadable: [] })
  })

  it('finds, with its own rights, whatever has no live Lease', async () => {
    const name = (n: number) => `${install.install}-user-orphan-${n}`
    const many = 12
    const metadata = (n: number) => ({
      name: name(n),
      labels: { 'app.kubernetes.io/managed-by': 'tka', 'app.kubernetes.io/instance': install.install },
      annotations: { 'tka.dev/valid-until': new Date(Date.now() + 3600_000).toISOString().replace(/\.\d+/, '') },
    })
    const accounts = `/api/v1/namespaces/${install.namespaces.sessions}/serviceaccounts`
    for (let n = 0; n < many; n++)
      await admin.call('POST', accounts, { impersonate: controller, body: { metadata: metadata(n) } })
    await admin.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      impersonate: controller,
      body: {
        metadata: { ...metadata(many), name: `${name(many)}-0` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: name(many), namespace: install.namespaces.sessions }],
      },
    })
    const { findings } = await read()
    const expected = Array.from({ length: many + 1 }, (_, n) => ({ name: name(n), reason: 'orphaned' as const }))
    assert.deepEqual(findings.toSorted(byName), expected.toSorted(byName))
  })

  it('says which Lease it cannot read, and has it looked at', async () => {
    const { sessions } = install.namespaces
    const name = `${install.install}-user-broken`
    await admin.call('POST', `/apis/coordination.k8s.io/v1/namespaces/${sessions}/leases`, {
      body: {
        metadata: {
          name,
          labels: { 'app.kubernetes.io/managed-by': 'tka', 'app.kubernetes.io/instance': install.install },
        },
      },
    })
    const { findings, unreadable } = await read()
    assert.ok(findings.some(finding => finding.name === name && finding.reason === 'orphaned'))
    assert.match(unreadable[0]?.message ?? '', /user-broken/)
  })
})

/** What the kubelet would give the sweeper's pod. */
async function sweeperEnv(lab: Lab, install: Install): Promise<Readonly<Record<string, string>>> {
  const directory = join(lab.dir, `${install.install}-sweeper`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const token = await install.kubectl('create', 'token', 'sweeper', '--namespace', install.namespaces.system)
  await writeFile(join(directory, 'token'), token, { mode: 0o600 })
  await writeFile(join(directory, 'ca.crt'), await readFile(lab.apiServer.caFile))
  const { hostname, port } = new URL(lab.apiServer.url)
  return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, TKA_SERVICE_ACCOUNT_DIR: directory }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => a.name.localeCompare(b.name)
