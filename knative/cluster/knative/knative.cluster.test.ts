import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { type Api, openApi } from '../../kube/api.ts'
import { applyAll, deleteAll } from '../../kube/apply.ts'
import { triggersDeliver } from '../../lab/install-delivery.ts'
import { becomesReady } from '../../lab/install-ready.ts'
import { type Dial, postEvent } from '../../lab/post-event.ts'
import { runProgram } from '../../lab/run-program.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import type { Manifest } from '../../render/manifest.ts'
import { type Cluster, startCluster, whyNoCluster } from '../index.ts'
import { dialBrokers } from './dial-brokers.ts'

const namespace = 'knative-test'
const image = 'dev.local/event_display:1'
const type = (name: string) => `dev.tka.test.${name}`

const brokerUrl = `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/default`
const broker: Manifest = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  metadata: { name: 'default', namespace },
}

/** Delivers events of the type of that name. */
function trigger(name: string, apiVersion: string): Manifest {
  return {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name, namespace },
    spec: {
      broker: broker.metadata.name,
      filters: [{ exact: { type: type(name) } }],
      subscriber: { ref: { apiVersion, kind: 'Service', name, namespace } },
    },
  }
}

/** A Knative Service that begins without pods. */
function knativeService(name: string): Manifest {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      template: {
        metadata: { annotations: { 'autoscaling.knative.dev/initial-scale': '0' } },
        spec: { containers: [{ image }] },
      },
    },
  }
}

const labels = { app: 'pod' }
const deployment: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'pod', namespace },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          { name: 'user-container', image, readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } },
        ],
      },
    },
  },
}
const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'pod', namespace },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
}

const Pods = v.object({ items: v.array(v.object({ metadata: v.object({ name: v.string() }) })) })
const Conditions = v.object({
  status: v.object({
    url: v.string(),
    address: v.object({ url: v.string() }),
    conditions: v.array(v.object({ type: v.string(), status: v.string() })),
  }),
})

describe('Knative in pods', { skip: await whyNoCluster() }, () => {
  const stack = new AsyncDisposableStack()
  let cluster: Cluster
  let api: Api
  let dial: Dial

  const send = (name: string, id: string) =>
    postEvent(brokerUrl, { type: type(name), id, source: '/knative-test' }, { dial, timeoutMs: 60_000 })
  const podsOf = async (name: string) => {
    const query = { labelSelector: `serving.knative.dev/service=${name}` }
    return v.parse(Pods, await api.call('GET', `/api/v1/namespaces/${namespace}/pods`, { query })).items
  }
  /** Waits until the pods with that label have written down these events, each once. */
  const displayed = (selector: string, ids: readonly string[]) =>
    waitUntil(`the events in the logs of ${selector}`, async () => {
      const args = ['logs', '--selector', selector, '--container', 'user-container', '--tail', '-1']
      const command = ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace, ...args]
      const { code, stdout, stderr } = await runProgram(cluster.kubectl, command)
      if (code !== 0) return stderr
      const seen = [...stdout.matchAll(/^ {2}id: (.+)$/gm)].map(([, id]) => id).filter(id => id && ids.includes(id))
      assert.equal(new Set(seen).size, seen.length, 'an event came twice')
      return seen.length === ids.length || `${seen.length} of ${ids.length}`
    })

  before(async () => {
    cluster = stack.use(await startCluster({ progress: console.log }))
    api = stack.use(await openApi(cluster.kubeconfig))
    dial = await dialBrokers(api)
    const home: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    stack.defer(() => deleteAll(api, [home]))
    const addressed = [knativeService('one'), knativeService('burst'), broker]
    const triggers = [
      trigger('pod', 'v1'),
      trigger('one', 'serving.knative.dev/v1'),
      trigger('burst', 'serving.knative.dev/v1'),
    ]
    await applyAll(api, [home, service, deployment, ...addressed, ...triggers])
    const signal = AbortSignal.timeout(120_000)
    await Promise.all([...addressed, ...triggers].map(object => becomesReady(api, object, signal)))
    await waitUntil('the pod is there', async () => {
      const { status } = v.parse(
        v.object({ status: v.object({ readyReplicas: v.optional(v.number()) }) }),
        await api.call('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/pod`),
      )
      return status.readyReplicas === 1 || 'not ready'
    })
    const { name } = broker.metadata
    await triggersDeliver({ api, namespace, broker: name, brokerUrl, dial, host: cluster.hostAddress, signal })
  })
  after(() => stack.disposeAsync())

  it('calls a Knative Service ready whose address is inside the cluster', async () => {
    const path = `/apis/serving.knative.dev/v1/namespaces/${namespace}/services/one`
    const { url, address, conditions } = v.parse(Conditions, await api.call('GET', path)).status
    assert.equal(address.url, `http://one.${namespace}.svc.cluster.local`)
    assert.ok(url.startsWith(`http://one.${namespace}.`), url)
    const ready = ['ConfigurationsReady', 'Ready', 'RoutesReady'].map(type => ({ type, status: 'True' }))
    assert.deepEqual(
      conditions.map(({ type, status }) => ({ type, status })).filter(({ type }) => type.endsWith('Ready')),
      ready,
    )
  })

  it('brings an event through a Broker to a pod', async t => {
    const began = performance.now()
    assert.equal(await send('pod', 'pod-1'), 202)
    t.diagnostic(`answered after ${Math.round(performance.now() - began)} ms`)
    await displayed('app=pod', ['pod-1'])
  })

  it('starts a Knative Service from zero for an event, and lets it go when there are no more', async t => {
    assert.deepEqual(await podsOf('one'), [])
    for (const id of ['cold', 'warm']) {
      const began = performance.now()
      assert.equal(await send('one', id), 202)
      t.diagnostic(`${id}: answered after ${Math.round(performance.now() - began)} ms`)
    }
    await displayed('serving.knative.dev/service=one', ['cold', 'warm'])
    const isGone = async () => {
      const left = await podsOf('one')
      return left.length === 0 || `${left.length} pods`
    }
    await waitUntil('the pods are gone', isGone, { timeoutMs: 120_000, everyMs: 250 })
  })

  it('delivers each of thirty events that come to zero at once', async t => {
    assert.deepEqual(await podsOf('burst'), [])
    const ids = Array.from({ length: 30 }, (_, at) => `burst-${at}`)
    const began = performance.now()
    const answers = await Promise.all(ids.map(id => send('burst', id)))
    t.diagnostic(`answered after ${Math.round(performance.now() - began)} ms`)
    assert.deepEqual(new Set(answers), new Set([202]))
    await displayed('serving.knative.dev/service=burst', ids)
  })
})
