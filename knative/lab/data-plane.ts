// What Knative's controllers look for before they call a Broker or a channel ready. The programs behind it run as plain
// processes; the addresses below belong to nobody (TEST-NET-1, RFC 5737) and are never dialled.
import type { Manifest } from '../render/manifest.ts'

/** Namespace of Knative Eventing. */
export const knativeNamespace = 'knative-eventing'

/** Service names of Knative's data plane. */
export const services = { ingress: 'broker-ingress', filter: 'broker-filter', dispatcher: 'imc-dispatcher' } as const

/** Services with endpoints, and the dispatcher's Deployment. */
export function dataPlane(): readonly Manifest[] {
  return [...Object.values(services).flatMap(name => [service(name), endpoints(name)]), dispatcherDeployment()]
}

/** The webhook's Service: the API server resolves it to this machine. */
export function webhookService(): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'eventing-webhook', namespace: knativeNamespace },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  }
}

/** What a Deployment controller would write once the dispatcher's pod is ready. */
export function availableDispatcher(): Manifest {
  const now = new Date().toISOString()
  const condition = {
    type: 'Available',
    status: 'True',
    lastUpdateTime: now,
    lastTransitionTime: now,
    reason: 'Process',
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: services.dispatcher, namespace: knativeNamespace },
    status: { replicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [condition] },
  }
}

function service(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: knativeNamespace },
    spec: { ports: [{ name: 'http', port: 80 }] },
  }
}

function endpoints(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace: knativeNamespace },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'http', port: 80 }] }],
  }
}

function dispatcherDeployment(): Manifest {
  const labels = { 'messaging.knative.dev/role': 'dispatcher' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: services.dispatcher, namespace: knativeNamespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'dispatcher', image: 'none' }] } },
    },
  }
}
