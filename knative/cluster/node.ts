import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Children } from '../lab/children.ts'
import type { Kubernetes } from '../lab/kubernetes.ts'
import { nodeName } from '../lab/users.ts'
import type { Addresses } from './addresses.ts'
import { cgroupRoot } from './cgroups.ts'

/** What the one node needs. */
export interface NodeOptions {
  readonly dir: string
  readonly children: Children
  /** Paths of `kubelet`, `kube-proxy` and `kube-scheduler`. */
  readonly programs: Readonly<Record<string, string>>
  readonly kubernetes: Kubernetes
  readonly addresses: Addresses
  /** containerd's unix socket. */
  readonly containerd: string
  /** PEM file: the certificate by which the kubelet knows the API server. */
  readonly kubeletClientCert: string
}

/** Starts scheduler, kube-proxy and kubelet; the node registers itself. */
export async function startNode(options: NodeOptions): Promise<void> {
  await Promise.all([startScheduler(options), startProxy(options), startKubelet(options)])
}

async function startScheduler({ children, programs, kubernetes }: NodeOptions): Promise<void> {
  const kubeconfig = await kubernetes.credentials.kubeconfig('scheduler', kubernetes)
  children.start({
    name: 'kube-scheduler',
    file: programs['kube-scheduler'] ?? 'kube-scheduler',
    args: [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--bind-address=127.0.0.1', '--profiling=false'],
  })
}

async function startProxy({ dir, children, programs, kubernetes, addresses }: NodeOptions): Promise<void> {
  const config = join(dir, 'kube-proxy.yaml')
  const kubeconfig = await kubernetes.credentials.kubeconfig('proxy', kubernetes)
  const settings = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig },
    clusterCIDR: addresses.pods,
    hostnameOverride: nodeName,
    // The machine's limits on connections stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    nftables: { syncPeriod: '30s', minSyncPeriod: '100ms' },
  }
  await writeFile(config, stringify(settings))
  children.start({ name: 'kube-proxy', file: programs['kube-proxy'] ?? 'kube-proxy', args: [`--config=${config}`] })
}

async function startKubelet(options: NodeOptions): Promise<void> {
  const { dir, children, programs, kubernetes, addresses } = options
  const home = join(dir, 'kubelet')
  await mkdir(home)
  const [config, kubeconfig] = [
    join(dir, 'kubelet.yaml'),
    await kubernetes.credentials.kubeconfig('kubelet', kubernetes),
  ]
  // No server but the cluster's own knows a name: whatever else is asked for is refused at once.
  await writeFile(join(dir, 'resolv.conf'), '')
  await writeFile(config, stringify(kubeletSettings(options, home)))
  children.start({
    name: 'kubelet',
    file: programs.kubelet ?? 'kubelet',
    args: [
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${home}`,
      `--cert-dir=${join(home, 'pki')}`,
      `--node-ip=${addresses.node}`,
      `--hostname-override=${nodeName}`,
    ],
  })
}

function kubeletSettings({ dir, addresses, containerd, kubeletClientCert }: NodeOptions, home: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // Without it, a kubelet of 1.35 does not start where cgroups are of version 1.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    // Nothing to enforce: the limit of all pods together would be the machine's own.
    enforceNodeAllocatable: [],
    failSwapOn: false,
    clusterDNS: [addresses.dns],
    clusterDomain: 'cluster.local',
    resolvConf: join(dir, 'resolv.conf'),
    containerRuntimeEndpoint: `unix://${containerd}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: kubeletClientCert },
    },
    authorization: { mode: 'Webhook' },
    address: addresses.node,
    healthzBindAddress: '127.0.0.1',
    podLogsDir: join(dir, 'pod-logs'),
    volumePluginDir: join(home, 'volume-plugins'),
    // There is no registry to fetch an image from again.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  }
}
