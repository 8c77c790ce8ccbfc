import * as v from 'valibot'
import type { Api } from '../../kube/api.ts'
import { applyAll, pathOf } from '../../kube/apply.ts'
import { proveDelivery } from '../../lab/canary.ts'
import { definitionsEstablished } from '../../lab/definitions.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { webhooksAnswer } from '../../lab/webhooks.ts'
import type { Manifest } from '../../render/manifest.ts'
import { dialBrokers } from './dial-brokers.ts'
import { eventingManifests } from './eventing.ts'
import { servingManifests } from './serving.ts'

/** What to install, and from where it is looked at. */
export interface InstallKnativeOptions {
  readonly api: Api
  /** Eventing alone, or with Serving. */
  readonly level: 'eventing' | 'serving'
  /** Brokers authenticate senders (`authentication-oidc`); not by default. */
  readonly oidc?: boolean
  /** IPv4 address at which pods reach this machine. */
  readonly hostAddress: string
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/** How long pods may take until they are ready, on a machine with other things to do. */
const timeoutMs = 180_000

/**
 * Installs Knative as its manifests have it on a node that holds `knativeImages`, and resolves once it takes objects and an
 * event went through a Broker.
 */
export async function installKnative(options: InstallKnativeOptions): Promise<void> {
  const { api, level, oidc = false, hostAddress, progress, signal } = options
  const objects = [...(await eventingManifests({ oidc })), ...(level === 'serving' ? await servingManifests() : [])]
  const [first = [], second = [], last = []] = inWaves(objects)
  await applyAll(api, first, signal)
  const definitions = first.filter(({ kind }) => kind === 'CustomResourceDefinition')
  await waitUntil('the definitions are established', () => definitionsEstablished(api, definitions), { signal })
  await applyAll(api, second, signal)
  await applyAll(api, last, signal)
  progress(`Knative ${level === 'serving' ? 'Eventing and Serving are' : 'Eventing is'} applied`)

  const deployments = last.filter(({ kind }) => kind === 'Deployment')
  const webhooks = last.filter(({ kind }) => kind !== 'Deployment')
  await waitUntil('the Deployments are available', () => available(api, deployments), { signal, timeoutMs })
  await waitUntil('the webhooks answer', () => webhooksAnswer(api, webhooks), { signal, timeoutMs })
  if (level === 'serving') await waitUntil('the webhook of Serving answers', () => servingAnswers(api), { signal })
  await proveDelivery({ api, dial: await dialBrokers(api), host: hostAddress, signal })
}

/** Namespaces and definitions, what needs them, and last the webhooks, which look at all that comes after, and the pods. */
function inWaves(objects: readonly Manifest[]): readonly (readonly Manifest[])[] {
  const waveOf = ({ kind }: Manifest) => {
    if (kind === 'Namespace' || kind === 'CustomResourceDefinition') return 0
    return kind === 'Deployment' || kind.endsWith('WebhookConfiguration') ? 2 : 1
  }
  return [0, 1, 2].map(wave => objects.filter(object => waveOf(object) === wave))
}

const Deployment = v.object({
  metadata: v.object({ generation: v.number() }),
  status: v.object({
    observedGeneration: v.optional(v.number(), 0),
    conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string() })), []),
  }),
})

async function available(api: Api, deployments: readonly Manifest[]): Promise<true | string> {
  const missing: string[] = []
  for (const deployment of deployments) {
    const { metadata, status } = v.parse(Deployment, await api.call('GET', pathOf(deployment)))
    const isAvailable = status.conditions.some(({ type, status }) => type === 'Available' && status === 'True')
    if (!isAvailable || status.observedGeneration < metadata.generation) missing.push(deployment.metadata.name)
  }
  return missing.length === 0 || missing.join(', ')
}

async function servingAnswers(api: Api): Promise<true> {
  const service = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'probe', namespace: 'default' },
    spec: { template: { spec: { containers: [{ image: 'dev.local/probe:1' }] } } },
  }
  await api.call('POST', '/apis/serving.knative.dev/v1/namespaces/default/services', {
    query: { dryRun: 'All' },
    body: service,
  })
  return true
}
