import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import * as v from 'valibot'
import type { ClusterDns } from './cluster-dns.ts'
import { knativeNamespace, services } from './data-plane.ts'
import { type KubeApi, type KubeObject, pathOf } from './kube-api.ts'
import { waitUntil } from './wait-until.ts'

const namespace = 'lab-canary'

const broker: KubeObject = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  metadata: { name: 'canary', namespace },
}

const trigger: KubeObject = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  metadata: { name: 'canary', namespace },
  spec: { broker: 'canary', subscriber: { uri: `http://canary.${namespace}.svc.cluster.local` } },
}

const Conditions = v.object({
  status: v.optional(
    v.object({
      conditions: v.optional(
        v.array(v.object({ type: v.string(), status: v.string(), message: v.optional(v.string()) })),
      ),
    }),
  ),
})

/** What the canary flies through. */
export interface CanaryOptions {
  readonly api: KubeApi
  readonly clusterDns: ClusterDns
  readonly signal: AbortSignal
}

/** Sends an event through a broker of its own to a subscriber of its own, so that nobody's first event finds a gap. */
export async function proveDelivery({ api, clusterDns, signal }: CanaryOptions): Promise<void> {
  let arrived = false
  const subscriber = createServer((incoming, outgoing) => {
    arrived = true
    incoming.resume()
    outgoing.writeHead(202).end()
  }).listen(0, '127.0.0.1')
  await once(subscriber, 'listening')
  const host = `canary.${namespace}.svc`
  clusterDns.route(host, (subscriber.address() as AddressInfo).port)
  try {
    const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    await api.apply(home)
    await Promise.all([api.apply(broker), api.apply(trigger)])
    await waitUntil('the canary broker is ready', () => isReady(api, trigger), { signal })
    await waitUntil(
      'the canary arrives',
      async () => {
        const status = await post(clusterDns.url, signal)
        return (status === 202 && arrived) || `the broker answers ${status}`
      },
      { signal },
    )
    await api.call('DELETE', pathOf(home))
  } finally {
    clusterDns.route(host, undefined)
    subscriber.closeAllConnections()
    subscriber.close()
  }
}

async function isReady(api: KubeApi, object: KubeObject): Promise<true | string> {
  const { status } = v.parse(Conditions, await api.call('GET', pathOf(object)))
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' || ready?.message || 'no condition'
}

async function post(proxy: string, signal: AbortSignal): Promise<number> {
  const sent = request(proxy, {
    method: 'POST',
    path: `http://${services.ingress}.${knativeNamespace}.svc.cluster.local/${namespace}/canary`,
    headers: {
      host: `${services.ingress}.${knativeNamespace}.svc.cluster.local`,
      'ce-specversion': '1.0',
      'ce-id': 'canary',
      'ce-source': '/lab',
      'ce-type': 'dev.tka.lab.canary',
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  })
  sent.end()
  const [answer] = await once(sent, 'response')
  await text(answer)
  return answer.statusCode
}
