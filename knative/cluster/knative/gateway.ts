import type { Manifest } from '../../render/manifest.ts'
import { restricted } from '../restricted.ts'
import { imageName } from './programs.ts'

/** Class of the KIngresses that the gateway serves (go/knative/gateway). */
export const ingressClass = 'test-gateway.ingress.networking.knative.dev'

const name = 'test-gateway'
const labels = { app: name }

/** The gateway of this lane, in Serving's namespace, whose settings it reads as Knative's own programs do. */
export function gatewayManifests(namespace: string): readonly Manifest[] {
  const metadata = { name, namespace }
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const rbac = 'rbac.authorization.k8s.io'
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        { apiGroups: ['networking.internal.knative.dev'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['networking.internal.knative.dev'], resources: ['ingresses/status'], verbs: ['update'] },
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects,
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects,
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    deployment(namespace),
  ]
}

function deployment(namespace: string): Manifest {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } })
  const container = {
    name,
    image: imageName(name),
    args: ['--disable-ha'],
    env: [
      { name: 'POD_NAME', ...field('metadata.name') },
      { name: 'SYSTEM_NAMESPACE', ...field('metadata.namespace') },
      { name: 'CONFIG_LOGGING_NAME', value: 'config-logging' },
      { name: 'CONFIG_OBSERVABILITY_NAME', value: 'config-observability' },
    ],
    ports: [
      { name: 'http', containerPort: 8081 },
      { name: 'probes', containerPort: 8080 },
    ],
    readinessProbe: { httpGet: { path: '/readiness', port: 'probes' }, periodSeconds: 1, timeoutSeconds: 5 },
    resources: { requests: { cpu: '10m', memory: '40Mi' } },
    securityContext: restricted,
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { serviceAccountName: name, containers: [container] } },
    },
  }
}
