import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { alice, createTrialLogin } from '../testing/trial-login.ts'
import { liveRecord } from '../testing/trial-sessions.ts'
import document from './openapi.json' with { type: 'json' }

const known = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.keys(operations).map(method => ({ method: method.toUpperCase(), path })),
)
const paths = known.map(({ path }) => path)
const methods = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']
const mediaTypes = [
  ...Object.keys(document.paths['/api/v1alpha1/kubeconfig'].get.responses[200].content),
  ...['application/problem+json', 'text/html', 'text/plain', '*/*', 'application/xml', 'multipart/form-data'],
]

/** What a header may hold on the wire. */
const value = fc.string({ maxLength: 40 }).map(text => text.replace(/[^\x20-\x7e]/g, '').trim())
const accept = fc
  .array(fc.tuple(fc.constantFrom(...mediaTypes), fc.constantFrom('', ';q=0', ';q=0.5', ';q=x', '; charset=utf-8')))
  .map(ranges => ranges.map(range => range.join('')).join(', '))
const headers = fc.record(
  {
    accept: fc.oneof(accept, value),
    prefer: fc.oneof(fc.constantFrom('respond-async', 'wait=1', 'respond-async, wait=1'), value),
    'content-type': fc.oneof(fc.constantFrom(...mediaTypes, 'application/x-www-form-urlencoded'), value),
    'content-encoding': fc.constantFrom('gzip', 'identity'),
    host: fc.oneof(fc.constantFrom('tka', 'tka:80', 'tka:443', 'evil.example', '[::1]'), value),
    origin: fc.oneof(fc.constantFrom('http://tka', 'null', 'http://evil.example'), value),
    'sec-fetch-site': fc.constantFrom('same-origin', 'none', 'cross-site', 'same-site'),
    'x-request-id': value,
    traceparent: value,
    'x-forwarded-for': value,
    'tailscale-user-login': value,
  },
  { requiredKeys: [] },
)

const rule = fc.oneof(
  fc.record({
    role: fc.constantFrom('view', 'edit', 'root'),
    period: fc.constantFrom('1h', '8h', '1m', 'a day'),
    namespaces: fc.constantFrom(undefined, ['web'], ['tka']),
    priority: fc.constantFrom(0, 1),
  }),
  fc.jsonValue(),
)
const identity: fc.Arbitrary<TailnetIdentity> = fc.oneof(
  { weight: 8, arbitrary: fc.array(rule, { maxLength: 3 }).map(rules => alice(...rules)) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'funnel' }, { kind: 'unknown' }, { kind: 'tagged' }) },
)

const request = fc.record({
  target: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.record({ method: fc.constantFrom(...methods), path: fc.constantFrom(...paths) }) },
    { weight: 1, arbitrary: fc.record({ method: fc.constantFrom(...methods), path: fc.webPath() }) },
  ),
  query: fc.oneof(
    fc.constantFrom('', '?role=view', '?role=edit', '?role=', '?role=view&role=edit'),
    fc.webQueryParameters().map(text => `?${text}`),
  ),
  headers,
  body: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
  identity,
})

describe('any request that the document allows, or not', () => {
  it('is answered as the document says, and never with 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), fc.boolean(), async (requests, live) => {
        const trial = createTrialLogin()
        if (live) trial.sessions.put(liveRecord())
        for (const { target, query, headers: sent, body, identity: who } of requests) {
          const { method, path } = target
          const takesBody = method !== 'GET' && method !== 'HEAD'
          // Every answer is held to the document in there.
          const { status } = await trial.request(
            `${method}`,
            `${path || '/'}${query}`,
            who,
            sent,
            takesBody ? body : undefined,
          )
          assert.ok(status < 500, `${method} ${path}${query}: ${status}`)
        }
        assert.deepEqual(trial.complaints, [])
      }),
      { numRuns: 300 },
    )
  })
})
