import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'

/** Who is telling: `tka-<function>` in this version, and what `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say beside it. */
export function resourceOf(name: string, version: string): Resource {
  const own = resourceFromAttributes({ 'service.name': `tka-${name}`, 'service.version': version })
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
}
