import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { type Api, openApi } from '../kube/api.ts'
import { applyAll } from '../kube/apply.ts'
import type { Manifest } from '../render/manifest.ts'
import { type Lab, startLab } from './index.ts'
import { becomesReady } from './install-ready.ts'
import { isRunning } from './process-running.ts'
import { runProgram } from './run-program.ts'
import { waitUntil } from './wait-until.ts'

const namespace = `lab-test-${crypto.randomUUID().slice(0, 8)}`

const object = (apiVersion: string, kind: string, name: string, spec: object = {}): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
})
const broker = (name: string) => object('eventing.knative.dev/v1', 'Broker', name)
const trigger = (name: string, of: string, type: string, host: string) =>
  object('eventing.knative.dev/v1', 'Trigger', name, {
    broker: of,
    filter: { attributes: { type } },
    subscriber: { uri: `http://${host}` },
  })

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Sends as everything in the lab does: through cluster DNS. */
async function post(lab: Lab, target: string, headers: Readonly<Record<string, string>>, body = '{}'): Promise<number> {
  const sent = request(lab.clusterDns, {
    method: 'POST',
    path: target,
    headers: { host: new URL(target).host, 'content-type': 'application/json', ...headers },
    signal: AbortSignal.timeout(20_000),
  })
  sent.end(body)
  const [answer] = await once(sent, 'response')
  await text(answer)
  return answer.statusCode
}

const attributes = (type: string) => ({
  'ce-specversion': '1.0',
  'ce-id': crypto.randomUUID(),
  'ce-source': '/test',
  'ce-type': type,
})

describe('the lab', () => {
  let lab: Lab
  let api: Api
  before(async () => {
    lab = await startLab()
    api = await openApi(lab.kubeconfig)
    await applyAll(api, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  })
  after(async () => {
    await api?.call('DELETE', `/api/v1/namespaces/${namespace}`)
    api?.[Symbol.dispose]()
    await lab?.[Symbol.asyncDispose]()
  })
  const get = (path: string) => api.call('GET', path)

  it('is the same for all who start it', async () => {
    await using other = await startLab()
    assert.deepEqual([other.dir, other.pids], [lab.dir, lab.pids])
    for (const [name, pid] of Object.entries(lab.pids)) assert.equal(await isRunning(pid), true, name)
  })

  it('has the roles that Kubernetes gathers from others', async () => {
    for (const name of ['view', 'edit', 'admin']) {
      const role = v.parse(
        v.object({ rules: v.array(v.unknown()) }),
        await get(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`),
      )
      assert.ok(role.rules.length > 0, name)
    }
  })

  it('brings an event to its subscriber, and the reply to its own', async ({ signal }) => {
    const replies = new Map<unknown, unknown>()
    await using asked = await serve((incoming, outgoing) => {
      incoming.resume()
      const headers = {
        ...attributes('test.answered'),
        'ce-answerto': incoming.headers['ce-id'],
        'content-type': 'application/json',
      }
      outgoing.writeHead(200, headers).end('{"it":"works"}')
    })
    await using answered = await serve(async (incoming, outgoing) => {
      const { host } = incoming.headers
      replies.set(incoming.headers['ce-answerto'], { host, body: await text(incoming) })
      outgoing.writeHead(202).end()
    })
    await lab.route(`asked.${namespace}.svc`, asked.port)
    await lab.route(`answered.${namespace}.svc`, answered.port)
    const triggers = [
      trigger('asked', 'first', 'test.asked', `asked.${namespace}.svc.cluster.local`),
      trigger('answered', 'first', 'test.answered', `answered.${namespace}.svc.cluster.local`),
    ]
    await applyAll(api, [broker('first'), ...triggers], signal)
    for (const one of triggers) await becomesReady(api, one, signal)
    // A Broker that is Ready may accept events for a moment and deliver them to nobody: see install-delivery.ts.
    let id = ''
    await waitUntil('the reply', async () => {
      const event = attributes('test.asked')
      id = event['ce-id']
      const status = await post(lab, lab.brokerUrl(namespace, 'first'), event)
      return (status === 202 && replies.has(id)) || `the broker answered ${status}`
    })
    const expected = { host: `answered.${namespace}.svc.cluster.local`, body: '{"it":"works"}' }
    assert.deepEqual(replies.get(id), expected)
  })

  it('injects the sink of a SinkBinding into the Jobs of a CronJob', async ({ signal }) => {
    const labels = { app: 'tick' }
    const pod = { restartPolicy: 'Never', containers: [{ name: 'tick', image: 'none' }] }
    const job = { metadata: { labels }, spec: { template: { metadata: { labels }, spec: pod } } }
    const binding = object('sources.knative.dev/v1', 'SinkBinding', 'tick', {
      subject: { apiVersion: 'batch/v1', kind: 'Job', namespace, selector: { matchLabels: labels } },
      sink: { ref: { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'tick' } },
    })
    await applyAll(
      api,
      [broker('tick'), binding, object('batch/v1', 'CronJob', 'tick', { schedule: '0 0 1 1 *', jobTemplate: job })],
      signal,
    )
    await becomesReady(api, binding, signal)
    const made = await runProgram(lab.kubectl, [
      '--kubeconfig',
      lab.kubeconfig,
      '-n',
      namespace,
      'create',
      'job',
      'now',
      '--from=cronjob/tick',
      '-o',
      'json',
    ])
    assert.equal(made.code, 0, made.stderr)
    const Job = v.object({
      spec: v.object({
        template: v.object({ spec: v.object({ containers: v.tuple([v.object({ env: v.array(v.unknown()) })]) }) }),
      }),
    })
    const [{ env }] = v.parse(Job, JSON.parse(made.stdout)).spec.template.spec.containers
    assert.deepEqual(env[0], { name: 'K_SINK', value: lab.brokerUrl(namespace, 'tick') })
  })

  it('converts EventTypes between their versions', async () => {
    const typed = (version: string, name: string) => object(`eventing.knative.dev/${version}`, 'EventType', name)
    const older = { ...typed('v1beta2', 'older'), spec: { type: 'test.older', source: 'https://older.example' } }
    const newer = {
      ...typed('v1beta3', 'newer'),
      spec: { attributes: [{ name: 'type', value: 'test.newer', required: true }] },
    }
    await applyAll(api, [older, newer])
    const path = (version: string, name: string) =>
      `/apis/eventing.knative.dev/${version}/namespaces/${namespace}/eventtypes/${name}`
    const asNewer = v.parse(
      v.object({
        spec: v.object({ attributes: v.array(v.looseObject({ name: v.string(), value: v.optional(v.string()) })) }),
      }),
      await get(path('v1beta3', 'older')),
    )
    assert.equal(asNewer.spec.attributes.find(({ name }) => name === 'type')?.value, 'test.older')
    const asOlder = v.parse(
      v.object({ spec: v.looseObject({ type: v.string() }) }),
      await get(path('v1beta2', 'newer')),
    )
    assert.equal(asOlder.spec.type, 'test.newer')
  })

  it('refuses what Knative refuses', async () => {
    const without = object('eventing.knative.dev/v1', 'Trigger', 'nobody', { broker: 'first' })
    await assert.rejects(applyAll(api, [without]), /subscriber/)
  })

  it('gives no token for longer than a day', async () => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`
    await applyAll(api, [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'someone', namespace } }])
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 7 * 86_400 },
    }
    const Token = v.object({ status: v.object({ expirationTimestamp: v.string() }) })
    const { status } = v.parse(Token, await api.call('POST', `${path}/someone/token`, { body }))
    const hours = (Date.parse(status.expirationTimestamp) - Date.now()) / 3_600_000
    assert.ok(hours > 23 && hours <= 24, `${hours} h`)
  })

  it('writes every request down, without its content', async () => {
    const log = await readFile(lab.apiServer.auditLog, 'utf8')
    const entries = log
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    const ours = entries.filter(({ requestURI }) =>
      String(requestURI).includes(`/${namespace}/serviceaccounts/someone/token`),
    )
    assert.ok(ours.length > 0)
    assert.deepEqual(
      entries.filter(entry => 'requestObject' in entry || 'responseObject' in entry),
      [],
    )
  })

  it('forgets the names of a holder that is gone', async () => {
    await using server = await serve((_incoming, outgoing) => outgoing.writeHead(204).end())
    const name = `mine.${namespace}.svc`
    const other = await startLab()
    await other.route(name, server.port)
    assert.equal(await post(lab, `http://${name}/`, {}), 204)
    await other[Symbol.asyncDispose]()
    assert.equal(await post(lab, `http://${name}/`, {}), 502)
  })
})
