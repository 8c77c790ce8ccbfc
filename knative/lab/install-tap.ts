import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { type Api, ApiError } from '../kube/api.ts'
import { applyAll, pathOf } from '../kube/apply.ts'
import type { Manifest } from '../render/manifest.ts'
import { becomesReady } from './install-ready.ts'
import { type Dial, postEvent } from './post-event.ts'
import { waitUntil } from './wait-until.ts'

/** An event as a subscriber of the Broker got it. */
export interface SeenEvent {
  readonly type: string
  readonly id: string
  readonly source: string
  readonly subject: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Epoch milliseconds. */
  readonly receivedAt: number
}

/** A subscriber without a filter, unless types are given. */
export interface EventTap extends AsyncDisposable {
  /** Everything so far, in the order of arrival. */
  readonly events: readonly SeenEvent[]
  /** The first event, also of the past, for which `match` holds; rejects after `timeoutMs` (10 s). */
  waitFor(match: (event: SeenEvent) => boolean, options?: { readonly timeoutMs?: number }): Promise<SeenEvent>
}

/** To what to subscribe, and how. */
export interface TapSubscription {
  /** All of them, unless given. */
  readonly types?: readonly string[]
  /** What is waited for before an event is answered, for 20 s at most: so long its producer waits as well. */
  readonly hold?: (event: SeenEvent) => Promise<void>
}

/** Where to subscribe. */
export interface TapOptions extends TapSubscription {
  readonly api: Api
  readonly namespace: string
  /** `tka` by default. */
  readonly broker?: string
  readonly brokerUrl: string
  /** How the Broker is reached from here. */
  readonly dial: Dial
  /** IPv4 address of this machine at which the Broker reaches a subscriber; loopback by default. */
  readonly host?: string
  /** Shows who proves the way, to a Broker that asks (OIDC). */
  readonly token?: string | undefined
  readonly signal: AbortSignal
}

/** Proves the way through the Broker; no function has a Trigger for it, and no tap shows it. */
export const proofType = 'dev.tka.lab.proof'

/** Subscribes to the Broker; resolves once an event has come all the way. */
export async function tapBroker(options: TapOptions): Promise<EventTap> {
  const { api, namespace, broker = 'tka', brokerUrl, types, hold, signal, host = '127.0.0.1' } = options
  const events: SeenEvent[] = []
  const waiting = new Set<() => void>()
  let proved: string | undefined
  const server = createServer((incoming, response) => {
    void readEvent(incoming).then(async event => {
      if (event.type === proofType) proved = event.id
      else events.push(event)
      for (const look of waiting) look()
      if (event.type !== proofType) await hold?.(event)
      response.writeHead(202).end()
    })
  }).listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  const exact = (type: string) => ({ exact: { type } })
  const trigger = {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name: `tap-${address.port}`, namespace },
    spec: {
      broker,
      ...(types === undefined ? {} : { filters: [{ any: [...types, proofType].map(exact) }] }),
      subscriber: { uri: `http://${host}:${address.port}/` },
      // The in-memory broker makes the producer wait for every subscriber.
      delivery: { retry: 0, timeout: hold ? 'PT20S' : 'PT1S' },
    },
  }
  await applyAll(api, [trigger], signal)
  await becomesReady(api, trigger, signal)
  await waitUntil(
    `an event to come through ${brokerUrl}`,
    async signal => {
      const id = randomUUID()
      const status = await postProof(options, id, signal)
      return proved === id || `the broker answered ${status}`
    },
    { signal },
  )

  return {
    events,
    waitFor: (match, { timeoutMs = 10_000 } = {}) => {
      const found = Promise.withResolvers<SeenEvent>()
      const look = () => {
        const event = events.find(match)
        if (event !== undefined) found.resolve(event)
      }
      const late = setTimeout(
        () =>
          found.reject(
            new Error(`no such event within ${timeoutMs} ms; seen: ${events.map(({ type }) => type).join(', ')}`),
          ),
        timeoutMs,
      )
      waiting.add(look)
      look()
      return found.promise.finally(() => {
        clearTimeout(late)
        waiting.delete(look)
      })
    },
    [Symbol.asyncDispose]: async () => {
      await using _server = { [Symbol.asyncDispose]: () => closeServer(server) }
      // With the namespace uninstalled there is nothing left to end.
      if (!(await removeTrigger(api, trigger))) return
      // The Broker delivers for a moment longer; then, until the channel has dropped the subscription, its filter knows no
      // such Trigger and producers are answered 500.
      await waitUntil('the end of the subscription', async signal => {
        const id = randomUUID()
        const status = await postProof(options, id, signal)
        if (proved === id) return 'events still come'
        return status === 202 || `the broker answered ${status}`
      })
    },
  }
}

/** Deletes a Trigger with its Subscription; false when there is none any more. */
export async function removeTrigger(api: Api, trigger: Manifest): Promise<boolean> {
  const { name, namespace = 'default' } = trigger.metadata
  try {
    await api.call('DELETE', pathOf(trigger))
    await dropSubscription(api, namespace, name)
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false
    throw error
  }
}

// It belongs to the Trigger, but the garbage collector stands still for up to half a minute after CRDs were installed.
async function dropSubscription(api: Api, namespace: string, trigger: string): Promise<void> {
  const path = `/apis/messaging.knative.dev/v1/namespaces/${namespace}/subscriptions`
  await api.call('DELETE', path, { query: { labelSelector: `eventing.knative.dev/trigger=${trigger}` } })
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

async function readEvent(incoming: IncomingMessage): Promise<SeenEvent> {
  const body = await buffer(incoming)
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
  return {
    type: headers['ce-type'] ?? '',
    id: headers['ce-id'] ?? '',
    source: headers['ce-source'] ?? '',
    subject: headers['ce-subject'],
    headers,
    body,
    receivedAt: Date.now(),
  }
}

function postProof(
  { brokerUrl, dial, token }: TapOptions,
  id: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const proof = { type: proofType, id, source: '/tka/lab/proof' }
  return postEvent(brokerUrl, proof, { dial, token, signal, timeoutMs: 5_000 })
}
