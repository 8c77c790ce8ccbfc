import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setGlobalProxyFromEnv } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { createEvent, eventTypes, type HttpMessage, sourceOf, type TkaEvent, verify } from '#events'
import { makeTrialKeys, type TrialKeys } from '#events/testing/trial-keys'
import { openApi } from '../../knative/kube/api.ts'
import { applyAll, pathOf } from '../../knative/kube/apply.ts'
import { startLab } from '../../knative/lab/index.ts'
import { becomesReady } from '../../knative/lab/install-ready.ts'
import { type EventTap, tapBroker } from '../../knative/lab/install-tap.ts'
import { throughProxy } from '../../knative/lab/post-event.ts'
import { createEmitter, postMessage } from './emit.ts'
import { listen } from './listen.ts'
import { createEventServer } from './receive.ts'
import { trialEventKeys, trialTelemetry } from './testing/trial-function.ts'

const limit = { timeout: 120_000 }
const eventing = 'eventing.knative.dev/v1'
const resources = new AsyncDisposableStack()
const signal = AbortSignal.timeout(100_000)
const asked = 'dev.tka.logout.requested.v1'
const revoke = 'dev.tka.session.revocation.requested.v1'
/** What the function under test does with an event. */
let handle: (event: TkaEvent) => Promise<TkaEvent | undefined> = async () => undefined
let handled = 0
let trial: TrialKeys
let tap: EventTap
let dead: HttpMessage[] = []
let sink: URL

/** A function behind a Trigger of a Broker of its own, with a dead-letter sink, on the real broker. */
before(async () => {
  trial = await makeTrialKeys(Date.now())
  const lab = resources.use(await startLab({ signal }))
  const api = resources.use(await openApi(lab.kubeconfig))
  const namespace = `io-${randomUUID().slice(0, 8)}`
  const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  const telemetry = trialTelemetry()
  const common = { cluster: 'lab', telemetry, now: Date.now, accept: [asked] } as const
  const server = createEventServer({
    ...common,
    function: 'logout',
    keys: trialEventKeys(trial, 'logout'),
    handle: event => {
      handled += 1
      return handle(event)
    },
  })
  const deadletter = createEventServer({
    ...common,
    function: 'deadletter',
    keys: trialEventKeys(trial, 'deadletter'),
    deadLetters: true,
    handle: async (_, { message }) => void dead.push(message),
  })
  const local = { port: 0, host: '127.0.0.1', log: telemetry.log }
  const [{ port }, { port: deadPort }] = [
    resources.use(await listen(server, local)),
    resources.use(await listen(deadletter, local)),
  ]
  const broker = { apiVersion: eventing, kind: 'Broker', metadata: { name: 'tka', namespace } }
  const trigger = {
    apiVersion: eventing,
    kind: 'Trigger',
    metadata: { name: 'logout', namespace },
    spec: {
      broker: 'tka',
      filters: [{ exact: { type: asked } }],
      subscriber: { uri: `http://127.0.0.1:${port}/` },
      delivery: {
        retry: 1,
        backoffPolicy: 'exponential',
        backoffDelay: 'PT0.1S',
        timeout: 'PT3S',
        deadLetterSink: { uri: `http://127.0.0.1:${deadPort}/` },
      },
    },
  }
  resources.defer(async () => void (await api.call('DELETE', pathOf(home))))
  await applyAll(api, [home, broker, trigger], signal)
  await becomesReady(api, trigger, signal)
  sink = new URL(lab.brokerUrl(namespace, 'tka'))
  tap = resources.use(
    await tapBroker({
      api,
      namespace,
      brokerUrl: sink.href,
      dial: throughProxy(lab.clusterDns),
      types: [revoke],
      signal,
    }),
  )
  resources.defer(setGlobalProxyFromEnv({ http_proxy: lab.clusterDns, no_proxy: '127.0.0.1' }))
}, limit)

after(() => resources.disposeAsync(), limit)

const logout = () =>
  createEvent(asked, {
    source: sourceOf('lab', 'login'),
    subject: 'tka-user-alice',
    data: { login: 'alice@example.com', userId: '4711', node: 'node-1', reason: 'asked' },
    now: Date.now(),
  })

const emit = (event: TkaEvent) =>
  createEmitter({
    sink: { url: sink },
    sender: async () => ({}),
    sign: trialEventKeys(trial, 'login').sign,
  })(event, { signal })

describe('through the real broker', limit, () => {
  it('a signed event arrives whole, and the signed answer to it reaches whoever subscribes', async () => {
    const event = logout()
    const got: TkaEvent[] = []
    handle = async cause => {
      got.push(cause)
      const data = { request: cause.id, reason: 'logout' } as const
      const { subject } = cause
      return createEvent(revoke, { source: sourceOf('lab', 'logout'), subject, data, cause, now: Date.now() })
    }
    await emit(event)
    assert.deepEqual(got, [event])
    const seen = await tap.waitFor(({ headers }) => headers['ce-causationid'] === event.id)
    const answer = await verify(seen, { keys: trial.keys, cluster: 'lab', now: Date.now(), accept: eventTypes })
    assert.deepEqual([answer.type, answer.correlationid], [revoke, event.id])
  })

  it('a function that cannot do it now is asked again, and then the dead-letter sink gets the event, still verifiable', async () => {
    const event = logout()
    ;[dead, handled] = [[], 0]
    handle = async () => {
      throw new DOMException('not in time', 'TimeoutError')
    }
    await emit(event)
    assert.equal(handled, 2)
    assert.equal(dead.length, 1)
    const [message] = dead
    assert.ok(message)
    assert.equal(message.headers['ce-knativeerrorcode'], '503')
    const options = { keys: trial.keys, cluster: 'lab', now: Date.now(), accept: eventTypes }
    assert.deepEqual(await verify(message, options), event)
  })

  it('a refused event is not delivered again, and the broker lives on', async () => {
    const event = logout()
    ;[dead, handled] = [[], 0]
    const { headers, body } = await trialEventKeys(trial, 'login').sign(event)
    await postMessage({ url: sink }, { headers: { ...headers, 'ce-sequence': '0000000000000001' }, body }, { signal })
    assert.deepEqual([handled, dead.length], [0, 0])
    handle = async () => undefined
    await emit(event)
    assert.equal(handled, 1)
  })
})
