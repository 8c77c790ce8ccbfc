import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigInvalid, parseConfig } from './config.ts'

const least = {
  cluster: 'lab',
  roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }],
}

describe('a configuration', () => {
  it('needs a cluster and a role; the rest has defaults', () => {
    assert.deepEqual(parseConfig(least), {
      cluster: 'lab',
      install: 'tka',
      namespaces: { system: 'tka-system', sessions: 'tka' },
      capability: 'specht-labs.de/cap/tka',
      rules: 'several',
      period: { minimumSeconds: 600, maximumSeconds: 86_400 },
      maxSessionSeconds: 86_400,
      roles: [{ name: 'view', scope: 'cluster', maxPeriodSeconds: 28_800, clusterAdminEquivalent: false }],
      login: {
        holdMs: 25_000,
        retryAfterSeconds: 1,
        headersTimeoutMs: 15_000,
        requestTimeoutMs: 30_000,
        keepAliveTimeoutMs: 75_000,
        driftIntervalMs: 60_000,
        limits: { perPerson: { perSecond: 5, burst: 40 }, total: { perSecond: 200, burst: 1_000 } },
      },
      apiServer: {},
      tailnet: { hostname: 'tka', udpPort: 41_641, tags: [], https: false, env: {} },
      expiryTimers: true,
    })
  })

  it('may offer a role in both scopes', () => {
    const roles = ['cluster', 'namespaced'].map(scope => ({ name: 'view', scope, maxPeriod: '8h' }))
    assert.equal(parseConfig({ ...least, roles }).roles.length, 2)
  })

  const view = { name: 'view', scope: 'cluster', maxPeriod: '8h' }
  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['is no object', 'cluster: lab', /configuration must be Object/],
    ['lacks the cluster', { ...least, cluster: undefined }, /cluster is missing/],
    ['has a field that nobody knows', { ...least, colour: 'red' }, /colour is not a field/],
    ['has an unknown field deep inside', { ...least, login: { hodl: '25s' } }, /login\.hodl is not a field/],
    ['has a cluster name with a slash', { ...least, cluster: 'a/b' }, /cluster must be .*"a\/b"/],
    ['has an install that reads like a name of people', { ...least, install: 'tka-user-x' }, /install must .*-user/],
    ['has an install too long for names', { ...least, install: 'a'.repeat(21) }, /install must .*20/],
    ['has one namespace for both', { ...least, namespaces: { system: 'tka' } }, /must differ, both are "tka"/],
    ['has sessions in kube-system', { ...least, namespaces: { sessions: 'kube-system' } }, /kube-/],
    ['has a capability without a domain', { ...least, capability: 'tka' }, /capability must be .*"tka"/],
    ['offers nothing', { ...least, roles: [] }, /at least one role/],
    ['offers a role that is no label value', { ...least, roles: [{ ...view, name: 'a b' }] }, /roles\.0\.name .*"a b"/],
    ['offers a role twice', { ...least, roles: [view, view] }, /"view" once for scope cluster/],
    ['has a scope that is none', { ...least, roles: [{ ...view, scope: 'world' }] }, /roles\.0\.scope .*"world"/],
    ['has a period in words', { ...least, period: { minimum: 'ten minutes' } }, /period\.minimum .*"ten minutes"/],
    ['has a fraction of a second', { ...least, period: { minimum: '1500ms' } }, /period\.minimum .*whole seconds/],
    ['has bounds the wrong way round', { ...least, period: { minimum: '9h', maximum: '8h' } }, /period\.minimum \(/],
    ['lets a role last longer than anything', { ...least, period: { maximum: '1h' } }, /role "view".*28800s/],
    ['caps sessions below the shortest', { ...least, maxSession: '1m' }, /maxSession \(60s\)/],
    ['holds longer than the client waits', { ...least, login: { hold: '26s' } }, /login\.hold must be .*26000ms/],
    ['ends requests before the hold', { ...least, login: { requestTimeout: '20s' } }, /requestTimeout \(20000ms\)/],
    ['ends requests just at the hold', { ...least, login: { requestTimeout: '25s' } }, /requestTimeout \(25000ms\)/],
    ['retries at once', { ...least, login: { retryAfterSeconds: 0 } }, /retryAfterSeconds .*0/],
    [
      'lets too little through to log in anew',
      { ...least, login: { limits: { perPerson: { burst: 9 } } } },
      /login\.limits\.perPerson\.burst must be at least 10, it is 9/,
    ],
    [
      'lets nothing through',
      { ...least, login: { limits: { total: { perSecond: 0 } } } },
      /total\.perSecond must .*0\.1/,
    ],
    [
      'lets one person use up what all have together',
      { ...least, login: { limits: { total: { burst: 39 } } } },
      /perPerson\.burst \(40\) must be at most that of total \(39\)/,
    ],
    ['has an API server without TLS', { ...least, apiServer: { url: 'http://10.0.0.1' } }, /apiServer\.url .*https/],
    ['has a CA that is no PEM', { ...least, apiServer: { ca: 'AAAA' } }, /apiServer\.ca .*PEM/],
    ['has a tag without tag:', { ...least, tailnet: { tags: ['tka'] } }, /tailnet\.tags\.0 .*"tka"/],
  ]
  for (const [what, value, message] of refused) {
    it(`is refused, field and value named, when it ${what}`, () => {
      assert.throws(
        () => parseConfig(value),
        error => error instanceof ConfigInvalid && message.test(error.message),
      )
    })
  }

  it('names everything that is wrong at once', () => {
    const wrong = { ...least, cluster: '', rules: 'many' }
    assert.throws(() => parseConfig(wrong), /cluster must [^\n]*\nrules must/)
  })
})
