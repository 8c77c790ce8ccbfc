import assert from 'node:assert/strict'
import { it } from 'node:test'
import { withWebhookPort } from './webhook-port.ts'

const service = { name: 'eventing-webhook', namespace: 'knative-eventing' }

it('sets the port of a webhook', () => {
  const config = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'w' },
    webhooks: [{ name: 'w', clientConfig: { service } }],
  }
  assert.deepEqual(withWebhookPort(config, 4711), {
    ...config,
    webhooks: [{ name: 'w', clientConfig: { service: { ...service, port: 4711 } } }],
  })
})

it('sets the port of a conversion, and leaves the rest of a definition alone', () => {
  const crd = (clientConfig: object) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'c' },
    spec: {
      conversion: { strategy: 'Webhook', webhook: { clientConfig } },
      versions: [{ schema: { service: { port: 1 } } }],
    },
  })
  assert.deepEqual(withWebhookPort(crd({ service }), 4711), crd({ service: { ...service, port: 4711 } }))
})

it('leaves a webhook alone that is reached by URL', () => {
  const config = {
    apiVersion: 'v1',
    kind: 'K',
    metadata: { name: 'w' },
    webhooks: [{ clientConfig: { url: 'https://x' } }],
  }
  assert.deepEqual(withWebhookPort(config, 4711), config)
})
