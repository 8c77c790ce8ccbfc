import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { type Api, openApi } from '../../kube/api.ts'
import { applyAll, deleteAll, pathOf } from '../../kube/apply.ts'
import type { Manifest } from '../../render/manifest.ts'
import { startLab } from '../index.ts'
import { becomesReady } from '../install-ready.ts'
import type { Lab } from '../lab.ts'
import { isRunning } from '../process-running.ts'
import { waitUntil } from '../wait-until.ts'
import type { Shadow } from './shadow.ts'
import { startShadow } from './start-shadow.ts'

const namespace = `shadow-${process.pid}`
const echo = fileURLToPath(new URL('testing/echo.ts', import.meta.url))

const container = {
  name: 'echo',
  image: 'echo',
  command: ['node', echo],
  args: ['/etc/echo/words/greeting'],
  env: [
    { name: 'WORDS', value: '/etc/echo/words' },
    { name: 'SECRETS', value: '/etc/echo/secrets' },
    { name: 'SERVICE_ACCOUNT', value: '/var/run/secrets/kubernetes.io/serviceaccount' },
  ],
  volumeMounts: [
    { name: 'words', mountPath: '/etc/echo/words' },
    { name: 'secrets', mountPath: '/etc/echo/secrets' },
  ],
}
const volumes = [
  { name: 'words', configMap: { name: 'words' } },
  { name: 'secrets', projected: { sources: [{ secret: { name: 'secrets' } }] } },
]
const words = (greeting: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'words', namespace },
  data: { greeting },
})
const service = (annotations: Readonly<Record<string, string>> = {}): Manifest => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'echo', namespace },
  spec: {
    template: {
      metadata: { annotations },
      spec: {
        serviceAccountName: 'echo',
        containers: [{ ...container, readinessProbe: { httpGet: { path: '/health/readiness' } } }],
        volumes,
      },
    },
  },
})
const binding = (name: string, subject: object): Manifest => ({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'SinkBinding',
  metadata: { name, namespace },
  spec: { subject, sink: { uri: 'http://sink.example.com/' } },
})
const job = (name: string, code: string): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace, labels: { app: 'job' } },
  spec: {
    backoffLimit: 0,
    template: {
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        containers: [{ name: 'job', image: 'job', command: ['node', '-e'], args: [code] }],
      },
    },
  },
})
const setting: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'echo', namespace } },
  binding('echo', { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'echo' }),
  binding('job', { apiVersion: 'batch/v1', kind: 'Job', selector: { matchLabels: { app: 'job' } } }),
]

describe('the kubelet’s shadow', () => {
  const stack = new AsyncDisposableStack()
  let lab: Lab
  let api: Api
  let shadow: Shadow

  before(async () => {
    lab = stack.use(await startLab())
    api = stack.use(await openApi(lab.kubeconfig))
    stack.defer(() => deleteAll(api, setting))
    await applyAll(api, setting)
    shadow = stack.use(
      await startShadow({
        api,
        apiServer: lab.apiServer,
        namespace,
        clusterDns: lab.clusterDns,
        route: lab.route,
        withParent: lab.programs['with-parent'] ?? '',
        dir: lab.dir,
        imageFile: () => undefined,
      }),
    )
    await applyAll(api, [service()])
  })
  after(() => stack.disposeAsync())

  const Said = v.object({
    env: v.record(v.string(), v.string()),
    argv: v.array(v.string()),
    greeting: v.string(),
    secrets: v.array(v.string()),
    user: v.string(),
  })
  const ask = async () => {
    const asked = get(`http://127.0.0.1:${shadow.port('echo')}/`, { agent: false, signal: AbortSignal.timeout(5_000) })
    const [response] = await once(asked, 'response')
    return v.parse(Said, JSON.parse(await text(response)))
  }

  it('waits for what the Pod mounts, as the kubelet does', async () => {
    await waitUntil('K_SINK', async () => {
      const { spec } = v.parse(v.object({ spec: v.unknown() }), await api.call('GET', pathOf(service())))
      return JSON.stringify(spec).includes('K_SINK') || 'not injected'
    })
    assert.equal(shadow.starts('echo'), 0)
    await applyAll(api, [
      words('hello'),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'secrets', namespace },
        stringData: { one: '1', two: '2' },
      },
    ])
    await shadow.ready('echo')
    assert.equal(shadow.starts('echo'), 1)
  })

  it('gives the process its environment, its mounts and its own ServiceAccount, and nothing of this process', async () => {
    const { env, argv, greeting, secrets, user } = await ask()
    assert.equal(env.K_SINK, 'http://sink.example.com/')
    assert.equal(env.K_SERVICE, 'echo')
    assert.equal(env.KUBERNETES_SERVICE_PORT, new URL(lab.apiServer.url).port)
    assert.equal(greeting, 'hello')
    assert.match(argv.at(-1) ?? '', /^\/.*\/0-words\/greeting$/)
    assert.deepEqual(secrets, ['one', 'two'])
    assert.equal(user, `system:serviceaccount:${namespace}:echo`)
    assert.deepEqual(
      Object.keys(env).sort(),
      [
        ...['HTTP_PROXY', 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'K_CONFIGURATION', 'K_REVISION'],
        ...['K_SERVICE', 'K_SINK', 'NODE_USE_ENV_PROXY', 'NO_PROXY', 'PATH', 'PORT', 'SECRETS', 'SERVICE_ACCOUNT'],
        ...['TMPDIR', 'WORDS', 'K_CE_OVERRIDES'].filter(name => name !== 'K_CE_OVERRIDES' || name in env),
      ].sort(),
    )
  })

  it('says where the function is, so that it can be a subscriber', async () => {
    await becomesReady(api, service(), AbortSignal.timeout(10_000))
    const { status } = v.parse(
      v.object({ status: v.object({ address: v.object({ url: v.string() }) }) }),
      await api.call('GET', pathOf(service())),
    )
    assert.equal(status.address.url, `http://echo.${namespace}.svc.cluster.local`)
  })

  it('keeps mounts as their objects are, without a restart', async () => {
    await applyAll(api, [words('good evening')])
    await waitUntil('the new greeting', async () => {
      const { greeting } = await ask()
      return greeting === 'good evening' || greeting
    })
    assert.equal(shadow.starts('echo'), 1)
  })

  it('starts a killed process again', async () => {
    const before = shadow.pid('echo')
    await shadow.kill('echo', 'SIGKILL')
    await shadow.ready('echo')
    assert.equal(shadow.starts('echo'), 2)
    assert.notEqual(shadow.pid('echo'), before)
    assert.equal((await ask()).greeting, 'good evening')
  })

  it('restarts the process when the template changes', async () => {
    await applyAll(api, [service({ again: 'please' })])
    await waitUntil('the third start', async () => shadow.starts('echo') === 3 || `${shadow.starts('echo')} starts`)
    await shadow.ready('echo')
  })

  it('stops and starts it when it is scaled', async () => {
    await shadow.scale('echo', 0)
    assert.equal(shadow.pid('echo'), undefined)
    await shadow.scale('echo', 1)
    assert.equal((await ask()).greeting, 'good evening')
  })

  const ended = async (manifest: Manifest) => {
    await applyAll(api, [manifest])
    const Status = v.object({
      status: v.object({ succeeded: v.optional(v.number(), 0), failed: v.optional(v.number(), 0) }),
    })
    let result = { succeeded: 0, failed: 0 }
    await waitUntil('the Job to end', async () => {
      result = v.parse(Status, await api.call('GET', pathOf(manifest))).status
      return result.succeeded + result.failed > 0 || 'running'
    })
    return { ...result, lines: shadow.logs(manifest.metadata.name).map(line => line.text) }
  }

  it('runs a Job’s Pod with what the SinkBinding gave it', async () => {
    const { succeeded, lines } = await ended(job('works', 'console.log(process.env.K_SINK)'))
    assert.equal(succeeded, 1)
    assert.deepEqual(lines, ['http://sink.example.com/'])
  })

  it('reports a Job’s Pod that failed', async () => {
    const { failed } = await ended(job('fails', 'process.exit(3)'))
    assert.equal(failed, 1)
  })

  it('leaves no process behind when it is killed itself', async () => {
    const holder = fileURLToPath(new URL('testing/hold-process.ts', import.meta.url))
    const parent = spawn(process.execPath, [holder, lab.programs['with-parent'] ?? ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line))
    assert.ok(await isRunning(pid), `${line} is not running`)
    parent.kill('SIGKILL')
    await waitUntil('its end', async () => !(await isRunning(pid)) || 'still running')
  })
})
