import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHost, checkOrigin, type ListenerNames, type RequestFacts } from './check-request.ts'

const http: ListenerNames = { scheme: 'http', port: 80, hosts: ['tka.tail1.ts.net', 'tka', '100.64.0.1', 'fd7a::1'] }
const https: ListenerNames = { ...http, scheme: 'https', port: 443 }

const facts = (given: Partial<RequestFacts>): RequestFacts => ({
  method: 'POST',
  host: 'tka',
  origin: undefined,
  secFetchSite: undefined,
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

describe('a request that changes something', () => {
  const cases: readonly (readonly [string, Partial<RequestFacts>, boolean])[] = [
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
  ]
  for (const [what, given, passed] of cases) {
    it(`${what} ${passed ? 'passes' : 'is refused'}`, () => {
      assert.equal(
        passes(() => checkOrigin(facts(given), http)),
        passed,
      )
    })
  }
  it('is told from one that only reads', () => {
    assert.ok(passes(() => checkOrigin(facts({ method: 'GET', secFetchSite: 'cross-site' }), http)))
  })
})
