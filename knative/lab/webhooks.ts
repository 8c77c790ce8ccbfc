import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import { pathOf } from '../kube/apply.ts'
import type { Manifest } from '../render/manifest.ts'

const ServiceClient = v.object({ caBundle: v.optional(v.string()) })
const Webhooks = v.object({
  webhooks: v.array(v.object({ clientConfig: ServiceClient, rules: v.optional(v.array(v.unknown()), []) })),
})
const Conversion = v.object({
  spec: v.object({ conversion: v.object({ webhook: v.object({ clientConfig: ServiceClient }) }) }),
})

/** Valid only once it has its class by default, so that a dry run shows both of Knative's admission webhooks at work. */
const probe: Manifest = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  metadata: { name: 'probe', namespace: 'default' },
}

/**
 * Whether Knative's webhooks answer the API server: each configuration holds the webhook's CA (an available Deployment
 * does not say so), those for resources hold their rules, and a dry run passes. A string says what is missing.
 */
export async function webhooksAnswer(api: Api, webhooks: readonly Manifest[]): Promise<true | string> {
  const missing = await Promise.all([...webhooks.map(config => lacking(api, config)), lackingConversion(api)])
  const first = missing.find(found => found !== undefined)
  if (first !== undefined) return first
  await api.call('POST', '/apis/eventing.knative.dev/v1/namespaces/default/brokers', {
    query: { dryRun: 'All' },
    body: probe,
  })
  return true
}

async function lacking(api: Api, config: Manifest): Promise<string | undefined> {
  const { name } = config.metadata
  const { webhooks } = v.parse(Webhooks, await api.call('GET', pathOf(config)))
  if (!webhooks.every(({ clientConfig }) => clientConfig.caBundle)) return `${name} has no CA`
  // The webhook of SinkBindings has rules only while there are SinkBindings.
  const needsRules = !name.startsWith('sinkbindings.')
  return needsRules && !webhooks.every(({ rules }) => rules.length > 0) ? `${name} has no rules` : undefined
}

async function lackingConversion(api: Api): Promise<string | undefined> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/eventtypes.eventing.knative.dev'
  const { spec } = v.parse(Conversion, await api.call('GET', path))
  return spec.conversion.webhook.clientConfig.caBundle ? undefined : 'the conversion of EventTypes has no CA'
}
