import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHost, checkOrigin, type ListenerNames, type RequestFacts } from './check-request.ts'

const http: ListenerNames = { scheme: 'http', port: 80, hosts: ['tka.tail1.ts.net', 'tka', '100.64.0.1', 'fd7a::1'] }
const https: ListenerNames = { ...http, scheme: 'https', port: 443 }

const facts = (given: Partial<RequestFacts>): RequestFacts => ({
  method: 'POST',
  path: '/api/v1alpha1/login',
  host: 'tka',
  origin: undefined,
  secFetchSite: undefined,
  secFetchDest: undefined,
  contentType: undefined,
  ...given,
})

const passes = (check: () => void) => {
  try {
    check()
    return true
  } catch {
    return false
  }
}

describe('Host', () => {
  for (const host of [
    'tka',
    'tka:80',
    'TKA',
    'tka.tail1.ts.net',
    'tka.tail1.ts.net.:80',
    '100.64.0.1',
    '[fd7a::1]',
    '[fd7a::1]:80',
  ]) {
    it(`${host} is ours`, () => assert.ok(passes(() => checkHost(facts({ host }), http))))
  }
  for (const host of [
    undefined,
    '',
    'evil.example',
    'tka:81',
    'tka:443',
    'tka.evil.example',
    'tka@evil',
    'tka:',
    'fd7a::1',
    'tka, evil',
    '127.0.0.1',
  ]) {
    it(`${host} is not`, () => assert.throws(() => checkHost(facts({ host }), http), /host-not-ours/))
  }
  it('may say the port of HTTPS, as the published client always does', () => {
    assert.ok(passes(() => checkHost(facts({ host: 'tka:443' }), https)))
    assert.ok(passes(() => checkHost(facts({ host: 'tka' }), https)))
    assert.ok(!passes(() => checkHost(facts({ host: 'tka:80' }), https)))
  })
})

/** Each case as a test of its own: what it is called, how it differs from the others, and whether it passes. */
function judged(cases: readonly (readonly [string, Partial<RequestFacts>, boolean])[], all: Partial<RequestFacts>) {
  for (const [what, given, passed] of cases) {
    it(`${what} ${passed ? 'passes' : 'is refused'}`, () => {
      assert.equal(
        passes(() => checkOrigin(facts({ ...all, ...given }), http)),
        passed,
      )
    })
  }
}

describe('a request that changes something', () => {
  const cases = [
    ['from the command line', {}, true],
    ['from the command line, as JSON', { contentType: 'application/json' }, true],
    ['from our page', { origin: 'http://tka', secFetchSite: 'same-origin', contentType: 'text/plain' }, true],
    ['from our page at the full name', { host: 'tka.tail1.ts.net:80', origin: 'http://tka.tail1.ts.net' }, true],
    ['from our page at an IPv6 address', { host: '[fd7a::1]', origin: 'http://[fd7a::1]' }, true],
    ['typed by a person', { secFetchSite: 'none' }, true],
    ['from another site', { origin: 'http://evil.example' }, false],
    ['from another of our names', { origin: 'http://tka.tail1.ts.net' }, false],
    ['from another port of ours', { origin: 'http://tka:8080' }, false],
    ['from another scheme', { origin: 'https://tka' }, false],
    ['from nowhere', { origin: 'null' }, false],
    ['that the browser calls cross-site', { secFetchSite: 'cross-site' }, false],
    ['that the browser calls same-site', { secFetchSite: 'same-site', origin: 'http://tka' }, false],
    ['as a form', { contentType: 'application/x-www-form-urlencoded' }, false],
    ['as a form with files', { contentType: 'Multipart/Form-Data; boundary=x' }, false],
    ['as a form of plain text', { contentType: 'text/plain;charset=UTF-8' }, false],
    ['as a link would open it', { path: '/login', secFetchSite: 'cross-site', secFetchDest: 'document' }, false],
  ] as const
  judged(cases, {})
})

describe('a request that reads', () => {
  const kubeconfig = '/api/v1alpha1/kubeconfig'
  const cases = [
    ['from the command line', { path: kubeconfig }, true],
    ['from the command line, with a type that forms have', { contentType: 'text/plain' }, true],
    ['typed by a person', { path: kubeconfig, secFetchSite: 'none', secFetchDest: 'document' }, true],
    ['from our page', { path: kubeconfig, secFetchSite: 'same-origin', secFetchDest: 'empty' }, true],
    ['from our page, with its Origin', { origin: 'http://tka', secFetchSite: 'same-origin' }, true],
    ['by a link on another site', { secFetchSite: 'cross-site', secFetchDest: 'document' }, true],
    ['by a link on another host of the site', { secFetchSite: 'same-site', secFetchDest: 'document' }, true],
    ['by a link to the API', { path: kubeconfig, secFetchSite: 'cross-site', secFetchDest: 'document' }, false],
    ['as an image of another site', { path: kubeconfig, secFetchSite: 'cross-site', secFetchDest: 'image' }, false],
    ['in a frame of another site', { secFetchSite: 'cross-site', secFetchDest: 'iframe' }, false],
    ['by a script of another host of the site', { secFetchSite: 'same-site', secFetchDest: 'empty' }, false],
    ['by a browser that does not say for what', { secFetchSite: 'cross-site' }, false],
    ['by a script of another site, over plain HTTP', { path: kubeconfig, origin: 'http://evil.example' }, false],
    ['from nowhere', { origin: 'null' }, false],
  ] as const
  for (const method of ['GET', 'HEAD']) describe(method, () => judged(cases, { method, path: '/' }))
})
