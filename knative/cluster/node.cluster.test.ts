import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { createServer } from 'node:http'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runProgram } from '../lab/run-program.ts'
import { packProgram } from './images.ts'
import { type Cluster, startCluster, whyNoCluster } from './index.ts'
import { restricted } from './restricted.ts'

const namespace = 'node-test'
const image = { name: 'dev.local/kubectl:1', program: 'kubectl' }

/** With the pod's own token, by the API server's name in DNS. */
const kubeconfig = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'own',
      cluster: {
        server: 'https://kubernetes.default.svc',
        'certificate-authority': '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
      },
    },
  ],
  users: [{ name: 'own', user: { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' } }],
  contexts: [{ name: 'own', context: { cluster: 'own', user: 'own' } }],
  'current-context': 'own',
})

describe('a node', { skip: await whyNoCluster() }, () => {
  const stack = new AsyncDisposableStack()
  let cluster: Cluster

  const kubectl = (input: string | undefined, ...args: readonly string[]) =>
    runProgram(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace, ...args], {
      ...(input === undefined ? {} : { input }),
      timeoutMs: 60_000,
    })
  const apply = async (...items: readonly object[]) => {
    const { code, stderr } = await kubectl(
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      'apply',
      '-f',
      '-',
    )
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stderr, /would violate PodSecurity/)
  }
  /** Runs kubectl in a pod to its end, with a read-only root and no rights at all. */
  const runPod = async (name: string, ...args: readonly string[]) => {
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'kubectl',
            image: image.name,
            imagePullPolicy: 'IfNotPresent',
            args,
            env: [{ name: 'KUBECONFIG', value: '/etc/own/kubeconfig' }],
            volumeMounts: [
              { name: 'own', mountPath: '/etc/own' },
              { name: 'tmp', mountPath: '/tmp' },
            ],
            securityContext: restricted,
          },
        ],
        volumes: [
          { name: 'own', configMap: { name: 'own' } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    })
    const done = [
      'wait',
      '--timeout=60s',
      '--for=jsonpath={.status.containerStatuses[0].state.terminated}',
      `pod/${name}`,
    ]
    const waited = await kubectl(undefined, ...done)
    assert.equal(waited.code, 0, waited.stderr)
    const path = 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}'
    const [exit, logs] = await Promise.all([
      kubectl(undefined, 'get', 'pod', name, '-o', path),
      kubectl(undefined, 'logs', name),
    ])
    assert.equal(logs.code, 0, logs.stderr)
    return { code: Number(exit.stdout), output: logs.stdout }
  }

  before(async () => {
    cluster = stack.use(await startCluster({ progress: console.log }))
    await using dir = await mkdtempDisposable(join(tmpdir(), 'node-test-'))
    await cluster.importImage(await packProgram(image, cluster.kubectl, dir.path))
    await apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
    stack.defer(async () => void (await kubectl(undefined, 'delete', 'namespace', namespace)))
    await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'own' }, data: { kubeconfig } })
  })
  after(() => stack.disposeAsync())

  it('runs a restricted pod, which finds the API server by DNS and its Service, as its own ServiceAccount', async () => {
    const { code, output } = await runPod('whoami', 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')
    assert.deepEqual({ code, output }, { code: 0, output: `system:serviceaccount:${namespace}:default` })
  })

  it('gives a pod the rights of its ServiceAccount alone', async () => {
    const { code, output } = await runPod('secrets', 'get', 'secrets')
    assert.equal(code, 1)
    assert.match(output, /cannot list resource "secrets"/)
  })

  it('holds a read-only root against a write, and lets a volume be written', async () => {
    const write = (path: string) => ['config', 'set-cluster', 'x', '--kubeconfig', path]
    const [root, volume] = await Promise.all([runPod('root', ...write('/x')), runPod('volume', ...write('/tmp/x'))])
    assert.equal(root.code, 1)
    assert.match(root.output, /read-only file system/)
    assert.equal(volume.code, 0, volume.output)
  })

  it('refuses a pod that Pod Security does not allow', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'privileged' },
      spec: { containers: [{ name: 'x', image: image.name, securityContext: { privileged: true } }] },
    }
    const { code, stderr } = await kubectl(JSON.stringify(pod), 'apply', '-f', '-')
    assert.equal(code, 1)
    assert.match(stderr, /violates PodSecurity "restricted:latest"/)
  })

  it('is reached from this machine: Services, pods, and what is run in a pod', async () => {
    const resolver = new Resolver({ timeout: 2000 })
    resolver.setServers([cluster.dnsAddress])
    assert.equal((await resolver.resolve4('kube-dns.kube-system.svc.cluster.local'))[0], cluster.dnsAddress)
    const path = 'jsonpath={.items[0].status.podIP}'
    const pod = await kubectl(undefined, 'get', 'pods', '-n', 'kube-system', '-l', 'k8s-app=kube-dns', '-o', path)
    const health = await fetch(`http://${pod.stdout}:8080/health`, { signal: AbortSignal.timeout(10_000) })
    assert.equal(await health.text(), 'OK')
    const version = await kubectl(
      undefined,
      'exec',
      '-n',
      'kube-system',
      'deploy/coredns',
      '--',
      '/coredns',
      '-version',
    )
    assert.match(version.stdout, /^CoreDNS-/, version.stderr)
  })

  it('lets pods reach servers of this machine', async () => {
    const server = createServer((_request, response) => response.end('hello from the host')).listen(
      0,
      cluster.hostAddress,
    )
    await once(server, 'listening')
    stack.defer(() => void server.close().closeAllConnections())
    const url = `http://${cluster.hostAddress}:${(server.address() as AddressInfo).port}`
    const { code, output } = await runPod('host', '--server', url, 'get', '--raw', '/')
    assert.deepEqual({ code, output }, { code: 0, output: 'hello from the host' })
  })

  it('answers nobody who does not say who they are', async () => {
    const asked = get(`https://${cluster.nodeAddress}:10250/pods`, { rejectUnauthorized: false })
    const [answer] = await once(asked, 'response', { signal: AbortSignal.timeout(10_000) })
    answer.resume()
    assert.equal(answer.statusCode, 401)
  })
})
