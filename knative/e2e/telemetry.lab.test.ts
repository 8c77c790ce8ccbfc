import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { parsePrometheus } from '#io/testing/parse-prometheus'
import { waitUntil } from '../lab/wait-until.ts'
import { type CollectedSpan, type Collector, rootsOf, startCollector } from '../trace/collector.ts'
import { drawTree } from '../trace/span-tree.ts'
import { type LabStand, openLabStand } from './lab-stand.ts'

const view = { role: 'view', period: '8h' }
const asked = 'dev.tka.session.requested.v1'
const granted = 'dev.tka.session.granted.v1'
const out = 'dev.tka.logout.requested.v1'
const revoke = 'dev.tka.session.revocation.requested.v1'
const ended = 'dev.tka.session.ended.v1'

describe('what the functions tell of a login', () => {
  let collector: Collector
  let stand: LabStand
  before(async () => {
    collector = await startCollector()
    stand = await openLabStand({ imageEnv: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } })
  })
  after(async () => {
    await stand?.[Symbol.asyncDispose]()
    await collector?.[Symbol.asyncDispose]()
  })

  /** A client's own trace, and what continues it. */
  function newTrace() {
    const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
    return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } }
  }

  const linesOf = (name: string): readonly Record<string, unknown>[] =>
    stand.install.shadow.logs(name).flatMap(({ text }) => (text.startsWith('{') ? [JSON.parse(text)] : []))

  /** Follows names from a span down; fails with the tree where one is missing. */
  function below(
    spans: readonly CollectedSpan[],
    from: CollectedSpan,
    ...path: readonly (readonly [string, string])[]
  ): CollectedSpan {
    return path.reduce((parent, [service, name]) => {
      const child = spans.find(
        span => span.parentSpanId === parent.spanId && span.name === name && span.service === service,
      )
      assert.ok(child, `no "${name}" of ${service} under "${parent.name}":\n${drawTree(spans)}`)
      return child
    }, from)
  }

  const rootOf = (spans: readonly CollectedSpan[], parent: string): CollectedSpan => {
    const [root = assert.fail('no span'), ...others] = rootsOf(spans)
    assert.deepEqual(others, [], `one tree:\n${drawTree(spans)}`)
    assert.equal(root.parentSpanId, parent, 'the client is above it')
    return root
  }

  it('is one tree of spans, from the request through the broker to the Kubernetes calls and back', async () => {
    const alice = await stand.join('alice', { rules: [view] })
    const login = newTrace()
    assert.equal((await alice.request('POST', '/login', login.headers)).status, 202)
    const spans = await collector.trace(login.traceId, [
      'POST /api/v1alpha1/login',
      `process ${asked}`,
      `process ${granted}`,
    ])
    const root = rootOf(spans, login.spanId)
    assert.equal(root.name, 'POST /api/v1alpha1/login')
    assert.equal(root.service, 'tka-login')
    assert.equal(root.attributes['http.response.status_code'], '202')
    below(spans, root, ['tka-login', 'ask the tailnet who is there'])
    const handled = below(spans, root, ['tka-login', `send ${asked}`], ['tka-provisioner', `process ${asked}`])
    for (const call of [
      'POST leases',
      'POST serviceaccounts',
      'POST clusterrolebindings',
      'PATCH leases',
      'POST serviceaccounts/token',
    ])
      below(spans, handled, ['tka-provisioner', call])
    below(spans, handled, ['tka-login', `process ${granted}`])

    const logout = newTrace()
    assert.equal((await alice.request('POST', '/logout', logout.headers)).status, 200)
    const others = await collector.trace(logout.traceId, [
      'POST /api/v1alpha1/logout',
      `process ${revoke}`,
      `process ${ended}`,
    ])
    const revoked = below(
      others,
      rootOf(others, logout.spanId),
      ['tka-login', `send ${out}`],
      ['tka-logout', `process ${out}`],
      ['tka-provisioner', `process ${revoke}`],
    )
    for (const call of [
      'PATCH leases',
      'DELETE clusterrolebindings',
      'DELETE serviceaccounts',
      'POST subjectaccessreviews',
    ])
      below(others, revoked, ['tka-provisioner', call])
    below(others, revoked, ['tka-login', `process ${ended}`])

    const everything = JSON.stringify(collector.spans)
    for (const secret of ['eyJ', 'alice']) assert.ok(!everything.includes(secret), `${secret} is in a span`)
    for (const name of ['login', 'provisioner'])
      assert.ok(
        linesOf(name).some(line => line.traceId === login.traceId),
        `the log of ${name} has the trace`,
      )
  })

  it('is on record: the login, the kubeconfig, the refusal, the logout and the end, and no token', async () => {
    const ben = await stand.join('ben', { rules: [view] })
    const cleo = await stand.join('cleo', { rules: [] })
    const { role } = JSON.parse((await ben.login()).body)
    const { users } = JSON.parse((await ben.request('GET', '/kubeconfig')).body)
    assert.equal((await cleo.login()).status, 403)
    assert.equal((await ben.logout()).status, 200)
    const audit = () => ['login', 'provisioner'].flatMap(name => linesOf(name).filter(({ kind }) => kind === 'audit'))
    const of = (person: string) => audit().filter(({ login }) => login === `${person}@example.com`)
    // A line may be read a moment after the answer.
    await waitUntil('the end to be on record', async () => {
      const actions = of('ben').map(({ action }) => action)
      return actions.includes('session-end') || actions.join(', ')
    })
    const decisions = of('ben').map(({ action, decision, reason }) => [action, decision, reason])
    assert.deepEqual(decisions, [
      ['login', 'allowed', undefined],
      ['kubeconfig', 'allowed', undefined],
      ['logout', 'allowed', undefined],
      ['session-end', 'ended', 'logout'],
    ])
    assert.partialDeepStrictEqual(of('cleo'), [{ action: 'login', decision: 'refused', reason: 'no-rule' }])
    for (const record of of('ben')) {
      assert.partialDeepStrictEqual(record.session, { role })
      assert.ok(record.traceId, 'every decision has a trace')
    }
    const text = JSON.stringify(audit())
    const token: string = users[stand.serviceAccount('ben')].token
    for (const part of token.split('.').slice(1)) assert.ok(!text.includes(part))
  })

  it('is in the figures, without a name', async () => {
    const dana = await stand.join('dana', { rules: [view] })
    const scrape = async (name: string, path: string) => {
      const port = linesOf(name).findLast(({ message }) => message === 'serving metrics')?.port
      const response = await fetch(`http://127.0.0.1:${port}${path}`)
      assert.equal(response.status, 200, `${name} ${path}`)
      const text = await response.text()
      for (const word of ['dana', 'node-', stand.install.install]) assert.ok(!text.includes(word), word)
      return parsePrometheus(text)
    }
    const live = (families: ReturnType<typeof parsePrometheus>) =>
      families.get('tka_sessions_live')?.samples.find(({ labels }) => labels.role === 'view')?.value
    const before = await scrape('provisioner', '/metrics/controller')
    assert.equal((await dana.login()).status, 202)
    const login = await scrape('login', '/metrics')
    assert.equal(login.get('tka_tailnet_up')?.samples[0]?.value, 1)
    const logins = login.get('tka_logins_total')?.samples.find(({ labels }) => labels.outcome === 'granted')?.value ?? 0
    assert.ok(logins >= 1)
    const phases = (families: typeof login) =>
      new Set(families.get('tka_phase_duration_seconds')?.samples.map(({ labels }) => labels.phase))
    assert.deepEqual(phases(login), new Set(['tailnet', 'broker']))
    const provisioner = await scrape('provisioner', '/metrics/controller')
    assert.deepEqual(phases(provisioner), new Set(['broker', 'kubernetes']))
    assert.equal(live(provisioner), (live(before) ?? 0) + 1)
    assert.equal((await dana.logout()).status, 200)
    const after = await scrape('provisioner', '/metrics/controller')
    assert.equal(live(after), live(before))
    assert.ok((after.get('tka_session_revocation_duration_seconds')?.samples.length ?? 0) > 0)
    for (const [name, path] of [
      ['logout', '/metrics'],
      ['deadletter', '/metrics'],
    ] as const)
      await scrape(name, path)
    assert.equal(
      (await dana.laptop.request(`http://${stand.install.hostname}/metrics`)).status,
      404,
      'never on the tailnet',
    )
  })
})
