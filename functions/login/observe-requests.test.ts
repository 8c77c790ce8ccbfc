import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { openTrialScrape, seriesValue } from '#io/testing/trial-scrape'
import { alice, createTrialLogin, view } from './testing/trial-login.ts'
import { provision } from './testing/trial-provisioner.ts'

const scrape = openTrialScrape()
const who = {
  who: 'person',
  login: 'alice@example.com',
  userId: '7',
  node: { id: 'node-1', name: 'laptop.tail1.ts.net' },
}

/** Sends one request and gives what is on record of it. */
async function recordOf(method: string, path: string, from: TailnetIdentity = alice(view), headers = {}) {
  const trial = createTrialLogin()
  await trial.request(method, path, from, headers)
  return trial.decisions
}

describe('what is on record', () => {
  it('of a login: who, from where, what was asked, and what they got', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login?role=view')
    const [{ session, ...record } = assert.fail('no record'), ...others] = trial.decisions
    assert.deepEqual(others, [])
    assert.deepEqual(record, { action: 'login', decision: 'allowed', ...who, asked: { role: 'view' } })
    const [event] = trial.sentOf('dev.tka.session.requested.v1')
    assert.equal(session?.id, event?.id)
    assert.equal(session?.role, 'view')
    assert.match(session?.validUntil ?? '', /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  it('of a kubeconfig and a logout: the session that they are about, and no token', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    const { users } = JSON.parse(await (await trial.request('GET', '~/kubeconfig')).text())
    await trial.request('POST', '~/logout')
    const id = trial.decisions[0]?.session?.id
    assert.deepEqual(
      trial.decisions.map(({ action, decision, session }) => [action, decision, session?.id]),
      [
        ['login', 'allowed', id],
        ['kubeconfig', 'allowed', id],
        ['logout', 'allowed', id],
      ],
    )
    const token: string = users['tka-user-alice'].token
    assert.ok(token.length > 0 && !JSON.stringify(trial.decisions).includes(token))
  })

  it('of a login on the page is the same', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '/login', alice(view), { origin: 'http://tka', accept: 'text/html' })
    await trial.request('POST', '/logout', alice(view), { origin: 'http://tka', accept: 'text/html' })
    assert.deepEqual(
      trial.decisions.map(({ action, decision }) => `${action} ${decision}`),
      ['login allowed', 'logout allowed'],
    )
  })

  it('of a refusal: why', async () => {
    const refusals: readonly (readonly [string, Promise<unknown>])[] = [
      ['no-rule', recordOf('POST', '~/login', alice())],
      ['role-not-offered', recordOf('POST', '~/login', alice({ role: 'none', period: '1h' }))],
      ['not-signed-in', recordOf('GET', '~/kubeconfig')],
      ['already-signed-out', recordOf('POST', '~/logout')],
    ]
    for (const [reason, records] of refusals) {
      assert.partialDeepStrictEqual(await records, [{ decision: 'refused', reason, ...who }])
    }
    assert.deepEqual(await recordOf('POST', '~/login', alice(view), { origin: 'http://evil.example' }), [
      { action: 'login', decision: 'refused', reason: 'origin-not-ours', who: 'unknown', asked: {} },
    ])
  })

  it('of whoever is nobody, wherever they knock: what the tailnet said of them', async () => {
    const node = { id: 'node-9', name: 'ci.tail1.ts.net' }
    assert.deepEqual(await recordOf('GET', '/', { kind: 'tagged', node }), [
      { action: 'other', decision: 'refused', reason: 'tagged-node', who: 'tagged', node, asked: {} },
    ])
    assert.partialDeepStrictEqual(await recordOf('POST', '~/login', { kind: 'funnel' }), [
      { action: 'login', decision: 'refused', reason: 'funnel', who: 'funnel' },
    ])
    assert.partialDeepStrictEqual(await recordOf('POST', '~/login', { kind: 'whois-failed' }), [
      { action: 'login', decision: 'failed', reason: 'whois-failed', who: 'whois-failed' },
    ])
  })

  it('of looking, of lost paths and of waiting: nothing', async () => {
    for (const path of ['/', '~/login', '~/roles', '~/cluster-info', '/nowhere'])
      assert.deepEqual(await recordOf('GET', path), [])
    const asked = Promise.withResolvers<void>()
    const silent = createTrialLogin({ broker: async () => void asked.resolve() })
    const login = silent.request('POST', '~/login')
    await asked.promise
    assert.equal((await silent.request('GET', '~/kubeconfig')).status, 202)
    assert.deepEqual(silent.decisions, [])
    await login
    assert.partialDeepStrictEqual(silent.decisions, [{ action: 'login', decision: 'failed', reason: 'unavailable' }])
  })
})

describe('the figures', () => {
  it('count logins, logouts and kubeconfigs by outcome, and time what people asked', async () => {
    const before = await scrape()
    const trial = createTrialLogin({ broker: (event, { sessions }) => provision(event, sessions) })
    await trial.request('POST', '~/login')
    await trial.request('GET', '~/kubeconfig')
    await trial.request('POST', '~/logout')
    await trial.request('POST', '~/login', alice())
    const after = await scrape()
    const grown = (name: string, labels: Readonly<Record<string, string>>) =>
      (seriesValue(after, name, labels) ?? 0) - (seriesValue(before, name, labels) ?? 0)
    assert.equal(grown('tka_logins_total', { outcome: 'granted' }), 1)
    assert.equal(grown('tka_logins_total', { outcome: 'no-rule' }), 1)
    assert.equal(grown('tka_kubeconfigs_total', { outcome: 'issued' }), 1)
    assert.equal(grown('tka_logouts_total', { outcome: 'done' }), 1)
    assert.equal(grown('tka_phase_duration_seconds', { phase: 'tailnet' }), 4)
    const route = {
      http_route: '/api/v1alpha1/kubeconfig',
      http_request_method: 'GET',
      http_response_status_code: '200',
    }
    assert.equal(grown('http_server_request_duration_seconds', route), 1)
  })

  it('grow no series with whoever asks, and whatever they ask for', async () => {
    const trial = createTrialLogin()
    const series = async () => [...(await scrape()).values()].reduce((sum, { samples }) => sum + samples.length, 0)
    for (const method of ['GET', 'PURGE'])
      for (const path of ['/', '/nowhere', '~/login']) await trial.request(method, path)
    const before = await series()
    const word = fc.stringMatching(/^[a-zA-Z0-9-]{1,20}$/)
    await fc.assert(
      fc.asyncProperty(word, word, word, async (path, login, role) => {
        const person = { ...alice(view), login: `${login}@example.com`, userId: login }
        const method = `X${path.replaceAll('-', '').toUpperCase()}`
        await trial.request('GET', `/${path}`, person)
        await trial.request('GET', `~/login?role=${role}`, person)
        await trial.request(method, '/nowhere', person)
      }),
      { numRuns: 100 },
    )
    const grown = (await series()) - before
    // A GET of a path that is not there, and of a session that nobody has, were seen before.
    assert.equal(grown, 0)
    const text = JSON.stringify([...(await scrape()).values()])
    assert.ok(!text.includes('example.com') && !text.includes('node-1'))
  })
})
