import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { type Api, openApi } from '../../kube/api.ts'
import { applyAll, deleteAll, pathOf } from '../../kube/apply.ts'
import { becomesReady } from '../../lab/install-ready.ts'
import { postEvent } from '../../lab/post-event.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import type { Manifest } from '../../render/manifest.ts'
import { type Cluster, startCluster, whyNoCluster } from '../index.ts'
import { dialBrokers } from './dial-brokers.ts'

const namespace = 'oidc-test'
const home: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
const broker: Manifest = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  metadata: { name: 'default', namespace },
}
const Addressed = v.object({ status: v.object({ address: v.object({ url: v.string(), audience: v.string() }) }) })
const Token = v.object({ status: v.object({ token: v.string() }) })

describe('a Broker that authenticates senders', { skip: await whyNoCluster() }, () => {
  const stack = new AsyncDisposableStack()
  let cluster: Cluster
  let api: Api
  let url: string
  let audience: string

  /** Posts an event with a token of that namespace's ServiceAccount `default`. */
  const sendFrom = async (sender: string, audience: string) => {
    const path = `/api/v1/namespaces/${sender}/serviceaccounts/default/token`
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [audience] } }
    return send(v.parse(Token, await api.call('POST', path, { body: asked })).status.token)
  }
  const send = async (token?: string) =>
    postEvent(
      url,
      { type: 'dev.tka.test.oidc', id: 'one', source: '/oidc-test' },
      { dial: await dialBrokers(api), token },
    )

  before(async () => {
    cluster = stack.use(await startCluster({ oidc: true, progress: console.log }))
    api = stack.use(await openApi(cluster.kubeconfig))
    stack.defer(() => deleteAll(api, [home]))
    await applyAll(api, [home, broker])
    await becomesReady(api, broker, AbortSignal.timeout(60_000))
    const { address } = v.parse(Addressed, await api.call('GET', pathOf(broker))).status
    url = address.url
    audience = address.audience
    // Ready is said before the Broker's ingress and the channel's dispatcher have heard of it; until then it answers 500.
    await waitUntil('the Broker answers', async () => {
      const status = await sendFrom(namespace, audience)
      return status !== 500 || `it answers ${status}`
    })
  })
  after(() => stack.disposeAsync())

  it('is reached without TLS', () => assert.match(url, /^http:/))

  it('takes an event of a ServiceAccount of its namespace', async () => {
    assert.equal(await sendFrom(namespace, audience), 202)
  })

  it('takes none without a token', async () => {
    assert.equal(await send(), 401)
  })

  it('takes none with a token for somebody else', async () => {
    assert.equal(await sendFrom(namespace, 'https://kubernetes.default.svc'), 401)
  })

  it('takes none of a ServiceAccount of another namespace', async () => {
    assert.equal(await sendFrom('default', audience), 403)
  })
})
