import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Api, openApiWithToken } from '../kube/api.ts'
import type { Children } from './children.ts'
import { type Credentials, makeCredentials } from './users.ts'
import { waitUntil } from './wait-until.ts'

/** What a Kubernetes control plane needs. */
export interface KubernetesOptions {
  /** Private directory for its files. */
  readonly dir: string
  readonly children: Children
  /** Paths of `etcd`, `kube-apiserver` and `kube-controller-manager`. */
  readonly programs: Readonly<Record<string, string>>
  readonly choosePort: () => Promise<number>
  readonly signal: AbortSignal
  /** Where the API server listens: 127.0.0.1 by default. */
  readonly address?: string
  /** Range of the Services' ClusterIPs. */
  readonly serviceRange?: string
  /** For a cluster with nodes: the certificate by which their kubelets know the API server. PEM files. */
  readonly kubeletClient?: { readonly certFile: string; readonly keyFile: string }
}

/** A control plane that answers. */
export interface Kubernetes extends Disposable {
  readonly url: string
  /** PEM file. */
  readonly caFile: string
  readonly auditLog: string
  readonly credentials: Credentials
  /** A client with full rights. */
  readonly api: Api
}

/** Starts etcd and the API server, and resolves once it is ready; its controllers come up meanwhile. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { dir, signal } = options
  const credentials = await makeCredentials(dir)
  const keyFile = await makeServiceAccountKey(dir)
  const etcd = await startEtcd(options)
  const server = await startApiServer(options, etcd, keyFile, credentials.tokenFile)
  const ca = await readFile(server.caFile)
  const api = openApiWithToken(server.url, ca, credentials.token('admin'), signal)
  const isReady = async () => (await api.call('GET', '/readyz')) === 'ok' || 'not ok'
  await waitUntil('kube-apiserver is ready', isReady, { signal })
  await startControllers(options, keyFile, server.caFile, await credentials.kubeconfig('controllers', server))
  return { ...server, credentials, api, [Symbol.dispose]: () => api[Symbol.dispose]() }
}

/** Resolves to its URL, a unix socket: on a port, everybody on this machine could write to it. */
async function startEtcd({ dir, children, programs, signal }: KubernetesOptions): Promise<string> {
  const socket = join(dir, 'etcd.sock')
  children.start({
    name: 'etcd',
    file: programs.etcd ?? 'etcd',
    args: [
      `--data-dir=${join(dir, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=unix://${socket}`,
      // It insists on these; nobody dials them.
      '--advertise-client-urls=http://127.0.0.1:0',
      '--listen-peer-urls=http://127.0.0.1:0',
    ],
  })
  await waitUntil('etcd listens', async () => existsSync(socket) || 'no socket', { signal })
  return `unix://${socket}`
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`

async function startApiServer(
  { dir, children, programs, choosePort, signal, ...options }: KubernetesOptions,
  etcd: string,
  keyFile: string,
  tokenFile: string,
): Promise<{ readonly url: string; readonly caFile: string; readonly auditLog: string }> {
  const { address = '127.0.0.1', serviceRange = '10.96.0.0/16', kubeletClient } = options
  const port = await choosePort()
  const certs = join(dir, 'certs')
  await mkdir(certs, { mode: 0o700 })
  const policyFile = join(dir, 'audit-policy.yaml')
  await writeFile(policyFile, auditPolicy)
  const auditLog = join(dir, 'audit.log')
  children.start({
    name: 'kube-apiserver',
    file: programs['kube-apiserver'] ?? 'kube-apiserver',
    args: [
      `--etcd-servers=${etcd}`,
      // The certificate that it signs for itself holds this address, localhost, and the name and ClusterIP that pods use.
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      `--secure-port=${port}`,
      `--cert-dir=${certs}`,
      `--token-auth-file=${tokenFile}`,
      `--service-account-key-file=${keyFile}`,
      `--service-account-signing-key-file=${keyFile}`,
      '--service-account-max-token-expiration=24h',
      `--service-cluster-ip-range=${serviceRange}`,
      `--audit-policy-file=${policyFile}`,
      `--audit-log-path=${auditLog}`,
      '--profiling=false',
      ...(kubeletClient === undefined ? withoutNodes : withNodes(kubeletClient)),
    ],
  })
  const caFile = join(dir, 'ca.crt')
  const writeCa = async () => {
    const authority = authorityIn(await readFile(join(certs, 'apiserver.crt'), 'utf8'))
    if (authority === undefined) return 'it is not whole'
    await writeFile(caFile, authority)
    return true
  }
  await waitUntil('kube-apiserver has a certificate', writeCa, { signal })
  return { url: `https://${address}:${port}`, caFile, auditLog }
}

const withoutNodes = [
  '--authorization-mode=RBAC',
  '--endpoint-reconciler-type=none',
  '--service-account-issuer=https://kubernetes.default.svc',
]

function withNodes({ certFile, keyFile }: NonNullable<KubernetesOptions['kubeletClient']>): readonly string[] {
  return [
    '--authorization-mode=Node,RBAC',
    // kubeadm's; it is for whom tokens are, too.
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-client-certificate=${certFile}`,
    `--kubelet-client-key=${keyFile}`,
  ]
}

/**
 * For a cluster without nodes: no pods, volumes or endpoints there. Without ClusterRole aggregation `view`, `edit` and
 * `admin` are empty.
 */
const lonelyControllers = [
  'clusterrole-aggregation-controller',
  'cronjob-controller',
  'garbage-collector-controller',
  'job-controller',
  'namespace-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
]

async function startControllers(
  { dir, children, programs, choosePort, kubeletClient }: KubernetesOptions,
  keyFile: string,
  caFile: string,
  kubeconfig: string,
): Promise<void> {
  children.start({
    name: 'kube-controller-manager',
    file: programs['kube-controller-manager'] ?? 'kube-controller-manager',
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${await choosePort()}`,
      ...(kubeletClient === undefined
        ? [`--controllers=${lonelyControllers.join(',')}`]
        : // It makes the directory, which is /usr/libexec/kubernetes by default.
          [`--flex-volume-plugin-dir=${join(dir, 'volume-plugins')}`]),
      // Each controller is its own ServiceAccount, as in a cluster: admission policies tell them apart by name.
      '--use-service-account-credentials=true',
      // Those cost two calls each at the start: four seconds for all controllers at the usual 20 a second.
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      `--service-account-private-key-file=${keyFile}`,
      `--root-ca-file=${caFile}`,
      '--leader-elect=false',
      '--profiling=false',
    ],
  })
}

async function makeServiceAccountKey(dir: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const path = join(dir, 'service-accounts.key')
  await writeFile(path, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  return path
}

/**
 * kube-apiserver signs its own certificate with a CA of the moment, and writes both into one file, the CA last. Undefined
 * while it has not written both.
 */
function authorityIn(pem: string): string | undefined {
  const [, authority] = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/g) ?? []
  return authority
}
