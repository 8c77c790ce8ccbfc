import * as v from 'valibot'
import type { Manifest } from './manifest.ts'

const Probe = v.looseObject({ httpGet: v.looseObject({ path: v.string() }) })
const Container = v.looseObject({
  name: v.string(),
  startupProbe: v.optional(Probe),
  readinessProbe: Probe,
  livenessProbe: Probe,
})
const KnativeService = v.object({
  spec: v.object({
    template: v.object({
      metadata: v.object({ annotations: v.record(v.string(), v.string()) }),
      spec: v.looseObject({
        containers: v.array(Container),
        // Serving's own; the second is the pod's time to end, queue-proxy's share included.
        containerConcurrency: v.optional(v.number()),
        timeoutSeconds: v.number(),
      }),
    }),
  }),
})

/** How long queue-proxy keeps SIGTERM from a function, in seconds (`drainSleepDuration` in Serving's pkg/queue/sharedmain). */
export const queueProxySeconds = 30

/** Kubernetes would leave a pod on a node that has died for five minutes; each function is one pod, so nobody could log in for so long. */
const tolerations = ['not-ready', 'unreachable'].map(state => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 30,
}))

const part = { 'app.kubernetes.io/part-of': 'tka', 'app.kubernetes.io/instance': 'tka' }

/** What runs a function where there is no Knative Serving: a Deployment of one pod, and the Service in front of it. */
export function plainOf(knativeService: Manifest): readonly Manifest[] {
  const { name, namespace } = knativeService.metadata
  const { template } = v.parse(KnativeService, knativeService).spec
  const { containerConcurrency: _, timeoutSeconds, ...pod } = template.spec
  // What is said to Serving alone stays behind.
  const annotations = Object.fromEntries(
    Object.entries(template.metadata.annotations).filter(([key]) => !key.includes('knative.dev/')),
  )
  const selector = { 'app.kubernetes.io/name': name }
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), labels: { ...selector, ...part } }
  const containers = pod.containers.map(({ startupProbe, readinessProbe, livenessProbe, ...container }) => ({
    ...container,
    ports: [{ name: 'http', containerPort: 8080 }],
    ...(startupProbe === undefined ? {} : { startupProbe: onPort(startupProbe) }),
    readinessProbe: onPort(readinessProbe),
    livenessProbe: onPort(livenessProbe),
  }))
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector, annotations },
          spec: {
            ...pod,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: timeoutSeconds - queueProxySeconds,
            tolerations,
            containers,
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
  ]
}

// Serving knows the port of the one container; a kubelet must be told.
function onPort({ httpGet, ...probe }: v.InferOutput<typeof Probe>) {
  return { ...probe, httpGet: { ...httpGet, port: 'http' } }
}
