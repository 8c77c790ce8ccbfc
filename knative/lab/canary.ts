import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import { applyAll, pathOf } from '../kube/apply.ts'
import type { Manifest } from '../render/manifest.ts'
import { knativeNamespace, services } from './data-plane.ts'
import { type Dial, postEvent } from './post-event.ts'
import { waitUntil } from './wait-until.ts'

const namespace = 'lab-canary'
const name = 'canary'

const broker: Manifest = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', metadata: { name, namespace } }
const account: Manifest = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } }

const url = `http://${services.ingress}.${knativeNamespace}.svc.cluster.local/${namespace}/${name}`
const event = { type: 'dev.tka.lab.canary', id: name, source: '/lab' }

const Addressed = v.object({
  status: v.object({ address: v.object({ audience: v.optional(v.string()) }) }),
})
const Token = v.object({ status: v.object({ token: v.string() }) })

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
  readonly api: Api
  /** How Brokers are reached from here. */
  readonly dial: Dial
  /** IPv4 address of this machine at which Brokers reach a subscriber; loopback by default. */
  readonly host?: string
  readonly signal: AbortSignal
}

/**
 * Sends an event through a broker of its own to a subscriber of its own, so that nobody's first event finds a gap; as a
 * ServiceAccount where brokers authenticate senders (OIDC).
 */
export async function proveDelivery({ api, dial, host = '127.0.0.1', signal }: CanaryOptions): Promise<void> {
  let arrived = false
  const subscriber = createServer((incoming, outgoing) => {
    arrived = true
    incoming.resume()
    outgoing.writeHead(202).end()
  }).listen(0, host)
  await once(subscriber, 'listening')
  const { port } = subscriber.address() as AddressInfo
  const trigger: Manifest = {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name, namespace },
    spec: { broker: name, subscriber: { uri: `http://${host}:${port}` } },
  }
  try {
    const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    await applyAll(api, [home, broker, trigger, account], signal)
    await waitUntil('the canary broker is ready', () => isReady(api, trigger), { signal })
    const token = await brokerToken(api)
    await waitUntil(
      'the canary arrives',
      async () => {
        const status = await postEvent(url, event, { dial, token, signal })
        return (status === 202 && arrived) || `the broker answers ${status}`
      },
      { signal },
    )
    await api.call('DELETE', pathOf(home))
  } finally {
    subscriber.closeAllConnections()
    subscriber.close()
  }
}

async function isReady(api: Api, object: Manifest): Promise<true | string> {
  const { status } = v.parse(Conditions, await api.call('GET', pathOf(object)))
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' || ready?.message || 'no condition'
}

/** A token for the audience that the broker names; undefined when it takes events from anybody. */
async function brokerToken(api: Api): Promise<string | undefined> {
  const { audience } = v.parse(Addressed, await api.call('GET', pathOf(broker))).status.address
  if (audience === undefined) return
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [audience] } }
  return v.parse(Token, await api.call('POST', `${pathOf(account)}/token`, { body: asked })).status.token
}
