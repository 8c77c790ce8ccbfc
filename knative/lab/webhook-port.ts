import type { Manifest } from '../render/manifest.ts'

/**
 * Sends the API server to the webhook's port instead of 443: sets `port` wherever an object names the webhook's Service
 * (`clientConfig.service` of a webhook or of a CRD's conversion). Knative's reconcilers keep it.
 */
export function withWebhookPort(object: Manifest, port: number): Manifest {
  return addPort(object, port) as Manifest
}

function addPort(value: unknown, port: number): unknown {
  if (Array.isArray(value)) return value.map(item => addPort(item, port))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      key === 'clientConfig' && isForService(field)
        ? { ...field, service: { ...field.service, port } }
        : addPort(field, port),
    ]),
  )
}

function isForService(clientConfig: unknown): clientConfig is { service: object } {
  return typeof clientConfig === 'object' && clientConfig !== null && 'service' in clientConfig
}
