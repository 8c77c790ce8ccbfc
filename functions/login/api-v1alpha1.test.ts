// The contract of `v1alpha1`, row by row: what is asked, when, and what comes back.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { parse } from 'yaml'
import { InternalKubeconfig, StandardKubeconfig } from '#core/kubeconfig'
import { ProblemBody } from '#core/problem'
import type { SessionRecord } from '#core/session/session-record'
import type { TailnetIdentity } from '#core/tailnet-identity'
import { ClusterInfoBody, HomeBody, RolesBody, SessionBody, SessionWithMessage } from './api-bodies.ts'
import { alice, createTrialLogin, type TrialOptions, view } from './testing/trial-login.ts'
import { deny, provision } from './testing/trial-provisioner.ts'
import { liveRecord } from './testing/trial-sessions.ts'

interface Setup extends TrialOptions {
  readonly session?: SessionRecord
  readonly who?: TailnetIdentity
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Requests that come first. */
  readonly after?: readonly string[]
}

type Row = readonly [request: string, when: string, status: number, body: v.GenericSchema, setup?: Setup]

const { serviceAccountUid: _, ...terms } = liveRecord()
const provisioning: SessionRecord = { ...terms, phase: 'provisioning', requestExpiresAt: Date.now() + 600_000 }
const expired = liveRecord({ validUntil: Date.now() - 60_000 })
const endedAgo = (ms: number): SessionRecord => {
  const { phase: _, ...rest } = liveRecord()
  return { ...rest, phase: 'ended', endedAt: Date.now() - ms, endReason: 'logout' }
}
const anotherNode = liveRecord({ node: 'node-9' })
const denied = (code: string): Setup => ({ broker: async event => deny(event, code) })
const silent: Setup = { broker: async () => undefined }
const none = v.undefined()

const answers: readonly Row[] = [
  ['POST ~/login', 'the session is usable', 202, SessionBody],
  ['POST ~/login?role=edit', 'a rule gives that role', 202, SessionBody, { who: choosing() }],
  ['POST ~/login', 'respond-async is preferred', 202, SessionWithMessage, { headers: { prefer: 'respond-async' } }],
  ['POST ~/login', 'nobody answers in time', 503, ProblemBody, silent],
  ['POST ~/login', 'the provisioner cannot', 503, ProblemBody, denied('unavailable')],
  ['GET ~/login', 'a session is live', 200, SessionBody, { session: liveRecord() }],
  ['GET ~/login', 'a session is being made', 202, SessionWithMessage, { session: provisioning }],
  ['GET ~/login', 'not signed in', 401, ProblemBody],
  ['GET ~/login', 'expired but not yet swept', 401, ProblemBody, { session: expired }],
  ['GET ~/kubeconfig', 'a session is live', 200, InternalKubeconfig, { session: liveRecord() }],
  ['GET ~/kubeconfig', 'a session is being made', 202, ProblemBody, { session: provisioning }],
  ['GET ~/kubeconfig', 'not signed in', 401, ProblemBody],
  ['GET ~/kubeconfig', 'expired but not yet swept', 401, ProblemBody, { session: expired }],
  ['GET ~/kubeconfig', 'the login has just failed', 503, ProblemBody, { ...silent, after: ['POST ~/login'] }],
  ['POST ~/logout', 'access is gone', 200, SessionBody, { session: liveRecord() }],
  ['POST ~/logout', 'the session ended within 10 min', 200, SessionBody, { session: endedAgo(590_000) }],
  ['POST ~/logout', 'the session ended before that', 404, ProblemBody, { session: endedAgo(610_000) }],
  ['POST ~/logout', 'not signed in', 404, ProblemBody],
  ['POST ~/logout', 'nobody confirms the end', 503, ProblemBody, { ...silent, session: liveRecord() }],
  ['GET ~/cluster-info', 'always', 200, ClusterInfoBody],
  ['GET ~/roles', 'always', 200, RolesBody],
  ['GET /', 'always', 200, HomeBody],
]

const accept = (type: string): Setup => ({ session: liveRecord(), headers: { accept: type } })
const forms: readonly Row[] = [
  ['GET ~/kubeconfig', 'Accept is */*', 200, InternalKubeconfig, accept('*/*')],
  ['GET ~/kubeconfig', 'Accept is application/json', 200, InternalKubeconfig, accept('application/json')],
  ['GET ~/kubeconfig', 'Accept has a parameter', 200, InternalKubeconfig, accept('application/json; charset=utf-8')],
  ['GET ~/kubeconfig', 'Accept is application/yaml', 200, StandardKubeconfig, accept('application/yaml')],
  ['GET ~/kubeconfig', 'Accept is text/yaml', 200, StandardKubeconfig, accept('text/yaml')],
  ['GET ~/kubeconfig', 'Accept is application/x-yaml', 200, StandardKubeconfig, accept('application/x-yaml')],
  ['GET ~/kubeconfig', 'YAML is liked better', 200, StandardKubeconfig, accept('application/json;q=0.5, text/yaml')],
  ['GET ~/kubeconfig', 'JSON is refused', 200, StandardKubeconfig, accept('*/*, application/json;q=0')],
  ['GET ~/kubeconfig', 'nothing it has is accepted', 406, ProblemBody, accept('text/html')],
]

function choosing(): TailnetIdentity {
  return alice({ ...view, priority: 1 }, { role: 'edit', period: '1h', namespaces: ['web'] })
}
const who = (...rules: readonly unknown[]): Setup => ({ who: alice(...rules) })
const refusals: readonly Row[] = [
  ['POST ~/login', 'it came through Funnel', 403, ProblemBody, { who: { kind: 'funnel' } }],
  ['POST ~/login', 'the address is unknown to the tailnet', 403, ProblemBody, { who: { kind: 'unknown' } }],
  ['POST ~/login', 'WhoIs failed', 503, ProblemBody, { who: { kind: 'whois-failed' } }],
  ['POST ~/login', 'the node is tagged', 400, ProblemBody, { who: { kind: 'tagged' } }],
  ['POST ~/login', 'the capability JSON is invalid', 400, ProblemBody, who(view, { role: 7, period: '1h' })],
  ['POST ~/login', 'there is no rule', 403, ProblemBody, who()],
  ['POST ~/login', 'different rules tie', 400, ProblemBody, who(view, { ...view, period: '2h' })],
  ['POST ~/login', 'there are several rules, and one is to be', 400, ProblemBody, single()],
  ['POST ~/login', 'the period is no duration', 422, ProblemBody, who({ ...view, period: 'a day' })],
  ['POST ~/login', 'the period is under 10 min', 422, ProblemBody, who({ ...view, period: '9m' })],
  ['POST ~/login', 'the period is over the role’s maximum', 422, ProblemBody, who({ ...view, period: '9h' })],
  ['POST ~/login', 'the role is not offered', 403, ProblemBody, who({ role: 'root', period: '1h' })],
  ['POST ~/login?role=edit', 'no rule gives that role', 403, ProblemBody],
  ['GET ~/roles', 'Host is not ours', 403, ProblemBody, { headers: { host: 'evil.example' } }],
  ['POST ~/login', 'Origin is not ours', 403, ProblemBody, { headers: { origin: 'http://evil.example' } }],
  ['POST ~/login', 'Origin is null', 403, ProblemBody, { headers: { origin: 'null' } }],
  ['POST ~/login', 'another site sent it', 403, ProblemBody, { headers: { 'sec-fetch-site': 'cross-site' } }],
  ['POST ~/login', 'it is a form', 403, ProblemBody, { headers: { 'content-type': 'text/plain' } }],
  ['GET ~/kubeconfig', 'this device gives other rights', 403, ProblemBody, { ...who(), session: anotherNode }],
  ['POST ~/login', 'a newer wish overtook it', 409, ProblemBody, denied('superseded')],
  ['POST ~/logout', 'a newer login overtook it', 409, ProblemBody, { ...denied('superseded'), session: liveRecord() }],
  ['GET ~/roles', 'there were too many', 429, ProblemBody, { after: Array.from({ length: 10 }, () => 'GET ~/roles') }],
]
function single(): Setup {
  return { config: { rules: 'single' }, who: alice(view, { ...view, period: '2h', priority: 1 }) }
}

const json = (bytes: number): Setup => ({
  headers: { 'content-type': 'application/json' },
  body: 'x'.repeat(bytes),
})
const zipped: Setup = { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: 'x' }
const wire: readonly Row[] = [
  ['HEAD ~/kubeconfig', 'a session is live', 200, none, { session: liveRecord() }],
  ['HEAD ~/kubeconfig', 'not signed in', 401, none],
  ['HEAD ~/cluster-info', 'always', 200, none],
  ['HEAD ~/logout', 'always', 405, none],
  ['OPTIONS ~/login', 'always', 204, none],
  ['OPTIONS ~/login', 'it asks on behalf of another site', 403, ProblemBody, { headers: { origin: 'http://evil' } }],
  ['GET ~/nowhere', 'always', 404, ProblemBody],
  ['GET ~/login/', 'always', 404, ProblemBody],
  ['GET /metrics', 'always', 404, ProblemBody],
  ['GET /health/readiness', 'always', 404, ProblemBody],
  ['DELETE ~/login', 'always', 405, ProblemBody],
  ['POST ~/kubeconfig', 'always', 405, ProblemBody],
  ['POST ~/login', 'no JSON is accepted', 406, ProblemBody, accept('text/html')],
  ['POST ~/login', 'only problem+json is accepted', 202, SessionBody, accept('application/problem+json')],
  ['POST ~/login', 'the body is just small enough', 202, SessionBody, json(16 * 1024)],
  ['POST ~/login', 'the body is too large', 413, ProblemBody, json(16 * 1024 + 1)],
  ['POST ~/login', 'the body is XML', 415, ProblemBody, { headers: { 'content-type': 'text/xml' }, body: '<a/>' }],
  ['POST ~/login', 'the body is compressed', 415, ProblemBody, zipped],
  ['POST ~/login?role=view&role=edit', 'two roles are chosen', 400, ProblemBody],
]

for (const [section, rows] of [
  ['answers', answers],
  ['the forms of the kubeconfig', forms],
  ['refusals', refusals],
  ['what a careful HTTP API does beside', wire],
] as const) {
  describe(section, () => {
    for (const [request, when, status, body, { session, who: identity, headers, ...setup } = {}] of rows) {
      it(`${request.replace('~', '').padEnd(22)} ${status}  when ${when}`, async () => {
        const limits = { perPerson: { perSecond: 0.1, burst: 10 } }
        const trial = createTrialLogin({ ...setup, config: { login: { limits }, ...setup.config } })
        if (session) trial.sessions.put(session)
        const send = (line: string) => {
          const [method = '', path = ''] = line.split(' ')
          return trial.request(method, path, identity ?? alice(view), headers, setup.body)
        }
        for (const earlier of setup.after ?? []) await send(earlier)
        const response = await send(request)
        const text = await response.text()
        assert.equal(response.status, status, text)
        v.assert(body, read(response, text))
        assertHeaders(response)
        // Random ids are no words of ours.
        if (body === ProblemBody && status !== 401 && status !== 403) assert.doesNotMatch(text, /401|403/)
      })
    }
  })
}

function read(response: Response, text: string): unknown {
  if (text === '') return undefined
  return /yaml$/.test(response.headers.get('content-type') ?? '') ? parse(text) : JSON.parse(text)
}

/** What every answer carries, and what goes with its status. */
function assertHeaders({ status, headers }: Response): void {
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('referrer-policy'), 'same-origin')
  assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin')
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
  assert.match(headers.get('x-request-id') ?? '', /^[\w=-]{1,64}$/)
  assert.deepEqual(
    [...headers.keys()].filter(name => name.startsWith('access-control-')),
    [],
  )
  if (status === 503 || status === 429) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  assert.equal(headers.has('allow'), status === 405 || status === 204)
  assert.equal(headers.has('www-authenticate'), status === 401)
}

describe('names of requests and traces', () => {
  const roles = async (headers: Readonly<Record<string, string>>) =>
    (await createTrialLogin().request('GET', '~/roles', undefined, headers)).headers

  it('are those that the client gave', async () => {
    assert.equal((await roles({ 'x-request-id': 'abc-123' })).get('x-request-id'), 'abc-123')
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const answered = (await roles({ traceparent: `00-${traceId}-b7ad6b7169203331-01` })).get('traceparent')
    assert.match(answered ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  })

  for (const id of ['x'.repeat(65), 'a b', '<script>', '', 'ä']) {
    it(`are made anew where an id is ${JSON.stringify(id.slice(0, 9))}`, async () => {
      assert.match((await roles({ 'x-request-id': id })).get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    })
  }

  it('are made anew where a trace is none', async () => {
    for (const traceparent of ['', 'x', '00-00000000000000000000000000000000-b7ad6b7169203331-01']) {
      assert.match(
        (await roles({ traceparent })).get('traceparent') ?? '',
        /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/,
      )
    }
  })
})

describe('a login that nobody waits for', () => {
  const prefer = { prefer: 'respond-async' }

  it('is answered at once, and its kubeconfig is there once the session is', async () => {
    const release = Promise.withResolvers<void>()
    const trial = createTrialLogin({
      holdMs: 5_000,
      broker: async (event, { sessions }) => {
        await release.promise
        return provision(event, sessions)
      },
    })
    const response = await trial.request('POST', '~/login', undefined, prefer)
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('preference-applied'), 'respond-async')
    assert.equal(response.headers.get('location'), '/api/v1alpha1/login')
    assert.equal(response.headers.get('retry-after'), '1')
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 202)
    release.resolve()
    while ((await trial.request('GET', '~/login')).status === 202) await new Promise(resolve => setImmediate(resolve))
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
    assert.equal(trial.deps.waiters.size, 0)
  })

  for (const code of ['unavailable', 'role-not-offered']) {
    it(`answers 503 for the kubeconfig, never 401 or 403, when it came to ${code}`, async () => {
      const trial = createTrialLogin({ broker: async event => deny(event, code) })
      assert.equal((await trial.request('POST', '~/login', undefined, prefer)).status, 202)
      while (trial.deps.waiters.size > 0) await new Promise(resolve => setImmediate(resolve))
      const response = await trial.request('GET', '~/kubeconfig')
      assert.equal(response.status, 503)
      assert.doesNotMatch(await response.text(), /401|403/)
    })
  }

  it('is refused at once where there is nothing to wait for', async () => {
    assert.equal((await createTrialLogin().request('POST', '~/login', alice(), prefer)).status, 403)
  })
})

describe('asking for the head of a kubeconfig', () => {
  it('takes and makes no token', async () => {
    const trial = createTrialLogin()
    await trial.request('POST', '~/login')
    assert.equal((await trial.request('HEAD', '~/kubeconfig')).headers.get('content-type'), 'application/json')
    assert.equal((await trial.request('GET', '~/kubeconfig')).status, 200)
    assert.equal(trial.sentOf('dev.tka.credential.requested.v1').length, 0, 'the login’s own token is still there')
  })
})
