import type { IncomingMessage } from 'node:http'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { inSpan } from '../telemetry/in-span.ts'
import type { ApiRequest } from './transport.ts'

/**
 * Runs one call to the API server inside a span, where it is part of something that is traced: not for watches, which follow
 * nothing but the clock. The span has the resource's kind and no name of an object, since those are names of people.
 */
export function callSpan(
  server: URL,
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
  call: () => Promise<IncomingMessage>,
): Promise<IncomingMessage> {
  if (trace.getActiveSpan() === undefined) return call()
  const attributes = {
    'http.request.method': method,
    'server.address': server.hostname,
    'server.port': Number(server.port || 443),
  }
  return inSpan(`${method} ${resourceOf(path)}`, { kind: SpanKind.CLIENT, attributes }, async span => {
    const response = await call()
    const status = response.statusCode ?? 0
    span.setAttribute('http.response.status_code', status)
    if (status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
    return response
  })
}

/** The resource, and subresource, that a path of the API is about: `leases`, `serviceaccounts/token`. */
export function resourceOf(path: string): string {
  const [, resource = 'other', subresource] =
    /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+(?=\/))?\/([a-z]+)(?:\/[^/?]+(?:\/([a-z]+))?)?(?:\?|$)/.exec(
      path,
    ) ?? []
  return subresource === undefined ? resource : `${resource}/${subresource}`
}
