import { hostname } from 'node:os'
import type { Api } from '../kube/api.ts'
import { applyAll, pathOf } from '../kube/apply.ts'
import type { Children } from './children.ts'
import type { ClusterDns } from './cluster-dns.ts'
import { availableDispatcher, dataPlane, knativeNamespace, services, webhookService } from './data-plane.ts'
import { definitionsEstablished } from './definitions.ts'
import { isFree } from './free-port.ts'
import type { KnativeConfig } from './knative-config.ts'
import { waitUntil } from './wait-until.ts'
import { withWebhookPort } from './webhook-port.ts'
import { webhooksAnswer } from './webhooks.ts'

/** What Knative Eventing needs. */
export interface EventingOptions {
  readonly api: Api
  readonly kubeconfig: string
  readonly config: KnativeConfig
  readonly children: Children
  /** Paths of `eventing`, `ingress` and `filter`. */
  readonly programs: Readonly<Record<string, string>>
  readonly clusterDns: ClusterDns
  readonly choosePort: () => Promise<number>
  readonly signal: AbortSignal
}

/** Ports that the in-memory channel's dispatcher has built in: one lab on a machine (network namespace). */
export const dispatcherPorts = { http: 8080, https: 8443 } as const

/** Installs Knative Eventing's definitions, starts its programs, and resolves once its webhooks answer for all kinds. */
export async function startEventing(options: EventingOptions): Promise<void> {
  const { api, config, children, programs, clusterDns, choosePort, signal } = options
  const webhookPort = await choosePort()
  await install(api, config, webhookPort, signal)
  await waitUntil('the dispatcher can have its ports', dispatcherPortsFree, { signal, timeoutMs: 10_000 })

  const env = { ...commonEnv(clusterDns.url), KUBECONFIG: options.kubeconfig }
  children.start({
    name: 'eventing',
    file: programs.eventing ?? 'eventing',
    args: ['--disable-ha'],
    env: {
      ...env,
      WEBHOOK_NAME: 'eventing-webhook',
      WEBHOOK_PORT: String(webhookPort),
      CONTAINER_NAME: 'eventing',
      PROFILING_PORT: String(await choosePort()),
    },
  })
  const ports = { ingress: await choosePort(), filter: await choosePort() }
  for (const name of ['ingress', 'filter'] as const) {
    const variable = `${name.toUpperCase()}_PORT`
    children.start({
      name,
      file: programs[name] ?? name,
      env: {
        ...env,
        CONTAINER_NAME: name,
        PROFILING_PORT: String(await choosePort()),
        [variable]: String(ports[name]),
        [`${variable}_HTTPS`]: String(await choosePort()),
      },
    })
    clusterDns.route(`${services[name]}.${knativeNamespace}.svc`, ports[name])
  }
  await Promise.all([
    waitUntil('the webhooks answer', () => webhooksAnswer(api, config.webhooks), { signal, timeoutMs: 90_000 }),
    waitUntil('broker-ingress answers', () => ready(ports.ingress), { signal }),
    waitUntil('broker-filter answers', () => ready(ports.filter), { signal }),
    waitUntil('imc-dispatcher answers', () => ready(dispatcherPorts.http), { signal }),
  ])
}

async function install(api: Api, config: KnativeConfig, webhookPort: number, signal: AbortSignal): Promise<void> {
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: knativeNamespace, labels: { 'app.kubernetes.io/name': 'knative-eventing' } },
  }
  const dispatcher = availableDispatcher()
  await Promise.all([
    applyAll(api, [namespace, ...config.settings, webhookService(), ...dataPlane()], signal).then(() =>
      api.call('PATCH', `${pathOf(dispatcher)}/status`, {
        contentType: 'application/merge-patch+json',
        body: dispatcher,
      }),
    ),
    applyAll(
      api,
      [...config.crds, ...config.webhooks].map(object => withWebhookPort(object, webhookPort)),
      signal,
    ),
  ])
  await waitUntil('the definitions are established', () => definitionsEstablished(api, config.crds), { signal })
}

/** Asks as a kubelet does: Knative's programs tell a probe by its User-Agent. */
async function ready(port: number): Promise<true | string> {
  const headers = { 'user-agent': 'kube-probe/1.35' }
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { headers, signal: AbortSignal.timeout(2000) })
  await answer.body?.cancel()
  return answer.ok || `it answers ${answer.status}`
}

async function dispatcherPortsFree(): Promise<true | string> {
  for (const port of Object.values(dispatcherPorts)) {
    if (!(await isFree(port, '0.0.0.0')))
      return `another program listens on port ${port}, which Knative's dispatcher has built in`
  }
  return true
}

/** What every program of Knative reads. */
function commonEnv(proxy: string): Readonly<Record<string, string>> {
  return {
    SYSTEM_NAMESPACE: knativeNamespace,
    NAMESPACE: knativeNamespace,
    CONFIG_LOGGING_NAME: 'config-logging',
    CONFIG_OBSERVABILITY_NAME: 'config-observability',
    CONFIG_LEADERELECTION_NAME: 'config-leader-election',
    METRICS_DOMAIN: 'knative.dev/eventing',
    POD_NAME: hostname(),
    DISPATCHER_IMAGE: 'none',
    MAX_IDLE_CONNS: '1000',
    MAX_IDLE_CONNS_PER_HOST: '1000',
    HTTP_PROXY: proxy,
    // Tunnels are refused: the look-up of https://kubernetes.default.svc at the start stays on this machine.
    HTTPS_PROXY: proxy,
    NO_PROXY: '127.0.0.1,localhost',
  }
}
