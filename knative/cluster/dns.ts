import { Resolver } from 'node:dns/promises'
import type { Manifest } from '../render/manifest.ts'
import { dnsImage } from './images.ts'
import { restricted } from './restricted.ts'

const name = 'coredns'
const namespace = 'kube-system'
const labels = { 'k8s-app': 'kube-dns' }
const metadata = { name, namespace }

/** Port of its containers: 53 is for root alone. */
const port = 5353

/** Names outside the cluster are refused: there is nobody to ask. Those inside it are in memory: no cache, no stale absence. */
const corefile = `.:${port} {
  errors
  health
  ready
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 5
  }
}
`

/** Cluster DNS at that ClusterIP. */
export function dnsManifests(clusterIP: string): readonly Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'system:coredns' },
      rules: [
        { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'system:coredns' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile } },
    deployment(),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace, labels },
      spec: {
        clusterIP,
        selector: labels,
        ports: [
          { name: 'dns', protocol: 'UDP', port: 53, targetPort: port },
          { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: port },
        ],
      },
    },
  ]
}

function deployment(): Manifest {
  const container = {
    name,
    image: dnsImage.name,
    imagePullPolicy: 'IfNotPresent',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: [
      { name: 'dns', protocol: 'UDP', containerPort: port },
      { name: 'dns-tcp', protocol: 'TCP', containerPort: port },
    ],
    resources: { requests: { cpu: '10m', memory: '32Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1, failureThreshold: 60 },
    securityContext: restricted,
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          // Not the cluster's DNS, which it is.
          dnsPolicy: 'Default',
          containers: [container],
          volumes: [{ name: 'config', configMap: { name } }],
        },
      },
    },
  }
}

/** Whether DNS at that address knows the API server's Service. */
export async function dnsAnswers(address: string): Promise<true | string> {
  const resolver = new Resolver({ timeout: 1000, tries: 1 })
  resolver.setServers([address])
  const found = await resolver.resolve4('kubernetes.default.svc.cluster.local')
  return found.length === 1 || `it answers ${found}`
}
