import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startLab } from '../../../knative/lab/index.ts'
import { type Install, installTka } from '../../../knative/lab/install.ts'
import { readClusterAccess } from './cluster-access.ts'
import { getHolderLease, updateHolderLease } from './holder-lease.ts'
import { connectKubernetes, type Kubernetes } from './kubernetes.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { getSecret, patchSecret } from './secrets.ts'
import { openSessionCluster } from './session-cluster.ts'
import { watchSessions } from './session-index.ts'

/** The calls that login makes, under login's own ServiceAccount and with nothing but its rights. */
describe('login’s own objects on a real API server', () => {
  const stack = new AsyncDisposableStack()
  const options = { signal: AbortSignal.timeout(60_000) }
  let install: Install
  let kubernetes: Kubernetes

  before(async () => {
    const lab = stack.use(await startLab())
    install = stack.use(await installTka(lab, { without: ['login', 'provisioner', 'logout', 'sweeper', 'deadletter'] }))
    const directory = join(lab.dir, `${install.install}-login`)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const token = await install.kubectl('create', 'token', 'login', '--namespace', install.namespaces.system)
    await writeFile(join(directory, 'token'), token, { mode: 0o600 })
    await writeFile(join(directory, 'ca.crt'), await readFile(lab.apiServer.caFile))
    const { hostname, port } = new URL(lab.apiServer.url)
    const access = await readClusterAccess({
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      TKA_SERVICE_ACCOUNT_DIR: directory,
    })
    kubernetes = stack.use(await connectKubernetes(access))
  })
  after(() => stack.disposeAsync())

  const failing = (failure: KubernetesError['failure']) => (error: unknown) =>
    error instanceof KubernetesError && error.failure === failure

  it('keep the node’s state in the Secret that was shipped empty', async () => {
    const ref = { namespace: install.namespaces.system, name: `${install.install}-login-node` }
    const before = await getSecret(kubernetes, ref, options)
    assert.deepEqual(before.data, {})
    const state = Buffer.from([0, 255, 10])
    const { resourceVersion } = before
    const written = await patchSecret(kubernetes, ref, { data: { a: state, b: state }, resourceVersion }, options)
    assert.deepEqual({ ...written.data }, { a: state, b: state })
    const removed = await patchSecret(kubernetes, ref, { data: { a: undefined } }, options)
    assert.deepEqual(Object.keys(removed.data), ['b'])
    const stale = patchSecret(kubernetes, ref, { data: { b: undefined }, resourceVersion }, options)
    await assert.rejects(stale, failing('conflict'))
  })

  it('say in the Lease who holds the node and who wants it, and keep what others wrote there', async () => {
    const ref = { namespace: install.namespaces.system, name: `${install.install}-login` }
    const before = await getHolderLease(kubernetes, ref, options)
    const renewedAt = Date.parse('2026-11-23T10:00:00.123Z')
    await updateHolderLease(kubernetes, { ...before, holder: 'pod-1', wantedBy: 'pod-2', renewedAt }, options)
    const after = await getHolderLease(kubernetes, ref, options)
    assert.deepEqual([after.holder, after.wantedBy, after.renewedAt], ['pod-1', 'pod-2', renewedAt])
    assert.deepEqual(after.labels, before.labels)
    await assert.rejects(updateHolderLease(kubernetes, { ...before, holder: 'pod-3' }, options), failing('conflict'))
  })

  it('are all that it may write', async () => {
    const ref = { namespace: install.namespaces.system, name: 'another' }
    await assert.rejects(getSecret(kubernetes, ref, options), failing('forbidden'))
    const scope = { install: install.install, sessionsNamespace: install.namespaces.sessions }
    const name = `${install.install}-user-alice`
    const record = { name, phase: 'ended', sequence: '0'.repeat(16), endedAt: 0, endReason: 'logout' } as const
    await assert.rejects(openSessionCluster(kubernetes, scope).writeLease(record, options), failing('forbidden'))
  })

  it('are watched as the Leases of people are: a change wakes whoever waits for it', async () => {
    const stop = new AbortController()
    const scope = { install: install.install, sessionsNamespace: install.namespaces.sessions }
    const index = await watchSessions(kubernetes, { ...scope, signal: stop.signal, failed: () => undefined })
    assert.deepEqual(index.all(), [])
    const name = `${install.install}-user-alice`
    const waiting = index.waitFor(name, ({ phase }) => phase === 'ended', options)
    const annotations = {
      'tka.dev/phase': 'ended',
      'tka.dev/sequence': '0000000000000001',
      'tka.dev/ended-at': '2026-11-23T10:00:00Z',
      'tka.dev/end-reason': 'logout',
    }
    await install.kubectl('create', '--filename', await manifest({ name, annotations }))
    assert.equal((await waiting).sequence, '0000000000000001')
    const never = index.waitFor(name, () => false, { signal: AbortSignal.timeout(10) })
    await assert.rejects(never, { name: 'TimeoutError' })
    stop.abort()
  })

  async function manifest(metadata: Readonly<Record<string, unknown>>): Promise<string> {
    const file = join(install.keysDir, 'lease.json')
    const labels = { 'app.kubernetes.io/managed-by': 'tka', 'app.kubernetes.io/instance': install.install }
    const namespace = install.namespaces.sessions
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...metadata, labels, namespace } }
    await writeFile(file, JSON.stringify(lease))
    return file
  }
})
