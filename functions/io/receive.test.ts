import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { Problem, type ProblemCode, problems } from '#core/problem'
import {
  createEvent,
  EventRefused,
  encodeHint,
  eventTypes,
  type HttpMessage,
  sign,
  sourceOf,
  type TkaEvent,
  verify,
} from '#events'
import { sampleData, sampleEvent, signerOf } from '#events/testing/sample-events'
import { makeTrialKeys, type TrialKeys } from '#events/testing/trial-keys'
import { EmitFailed } from './emit.ts'
import { KubernetesError } from './kubernetes/kubernetes-error.ts'
import { madeAt } from './made-at.ts'
import { createEventServer, type EventServerOptions } from './receive.ts'
import { trialEventKeys, trialTelemetry } from './testing/trial-function.ts'
import { openTrialScrape, seriesValue } from './testing/trial-scrape.ts'

const now = Date.parse('2026-11-23T10:00:00Z')
const accepted = ['dev.tka.logout.requested.v1', 'dev.tka.session.requested.v1'] as const
type Accepted = (typeof accepted)[number]
const scrape = openTrialScrape()
let trial: TrialKeys

before(async () => {
  trial = await makeTrialKeys(now)
})

function serve(options: Partial<EventServerOptions<Accepted>> = {}) {
  const telemetry = trialTelemetry('logout')
  const app = createEventServer<Accepted>({
    function: 'logout',
    cluster: 'lab',
    keys: trialEventKeys(trial, 'logout'),
    telemetry,
    now: () => now,
    accept: accepted,
    handle: async () => undefined,
    ...options,
  })
  const post = async ({ headers, body }: HttpMessage) =>
    app.request('/', { method: 'POST', headers: { ...headers }, body: Buffer.from(body) })
  return { app, post, lines: telemetry.lines }
}

const logout = (): TkaEvent => sampleEvent('dev.tka.logout.requested.v1', now)
const signed = (event: TkaEvent) => sign(event, trial.keyOf(signerOf(event)))

async function messageOf(response: Response): Promise<HttpMessage> {
  return { headers: Object.fromEntries(response.headers), body: new Uint8Array(await response.arrayBuffer()) }
}

describe('a delivery', () => {
  it('that asks for no answer is answered empty', async () => {
    const event = logout()
    const { post } = serve({
      handle: async got => {
        assert.deepEqual(got, event)
        return undefined
      },
    })
    const response = await post(await signed(event))
    assert.deepEqual([response.status, await response.text()], [204, ''])
  })

  it('is answered with one event, signed by this function', async () => {
    const type = 'dev.tka.session.revocation.requested.v1'
    const { post } = serve({
      handle: async cause =>
        createEvent(type, {
          source: sourceOf('lab', 'logout'),
          subject: cause.subject,
          data: sampleData[type],
          cause,
          now,
        }),
    })
    const response = await post(await signed(logout()))
    assert.equal(response.status, 200)
    const reply = await verify(await messageOf(response), { keys: trial.keys, cluster: 'lab', now, accept: eventTypes })
    assert.equal(reply.type, type)
  })

  it('is logged in one line with its outcome, and the trace that it came with', async () => {
    const { post, lines } = serve()
    const event = logout()
    const message = await signed(event)
    const traceId = 'a'.repeat(32)
    await post({ ...message, headers: { ...message.headers, traceparent: `00-${traceId}-${'b'.repeat(16)}-01` } })
    assert.equal(lines.length, 1)
    const { severity, function: name, type, event: id, outcome, status, traceId: logged } = lines[0] ?? {}
    assert.deepEqual(
      [severity, name, type, id, outcome, status, logged],
      ['info', 'logout', event.type, event.id, 'done', 204, traceId],
    )
  })
})

describe('an event that is refused', () => {
  it('never reaches the handler', async () => {
    const { post } = serve({ handle: () => assert.fail('handled') })
    const message = await signed(logout())
    const altered = { ...message, body: Buffer.from(`${Buffer.from(message.body)} `) }
    assert.equal((await post(altered)).status, 403)
    assert.equal((await post(await signed(sampleEvent('dev.tka.session.ended.v1', now)))).status, 403)
    assert.equal(
      (await post({ headers: { ...message.headers, 'content-type': 'text/plain' }, body: message.body })).status,
      415,
    )
    assert.equal(
      (await post({ headers: { ...message.headers, 'x-large': 'x'.repeat(16_384) }, body: message.body })).status,
      413,
    )
    assert.equal((await post({ headers: message.headers, body: Buffer.alloc(65_537, ' ') })).status, 413)
    assert.equal((await post({ headers: { 'content-type': 'application/json' }, body: Buffer.from('{}') })).status, 400)
  })

  it('is answered with the reason, in few bytes', async () => {
    const { post, lines } = serve()
    const message = await signed(logout())
    const response = await post({ ...message, headers: { ...message.headers, 'ce-dssematerial': '' } })
    assert.equal(response.status, 400)
    assert.equal(await response.text(), '{"error":"attribute-invalid"}')
    assert.equal(lines.at(-1)?.outcome, 'refused: attribute-invalid')
  })

  it('by the handler has the status of the refusal', async () => {
    const { post } = serve({
      handle: async () => {
        throw new EventRefused('subject-differs')
      },
    })
    assert.equal((await post(await signed(logout()))).status, 403)
  })
})

describe('a handler that fails', () => {
  const failures: readonly (readonly [string, Error, number])[] = [
    ['the broker', new EmitFailed('x'.repeat(2000)), 503],
    ['Kubernetes for now', new KubernetesError('unavailable', 'x'.repeat(2000)), 503],
    ['Kubernetes for good', new KubernetesError('forbidden', 'x'.repeat(2000)), 500],
    ['time', AbortSignal.abort(new DOMException('x'.repeat(2000), 'TimeoutError')).reason, 503],
    ['itself', new TypeError('x'.repeat(2000)), 500],
  ]
  for (const [what, error, status] of failures) {
    it(`on ${what} answers ${status}, and nothing of the error`, async () => {
      const { post, lines } = serve({ handle: () => Promise.reject(error) })
      const response = await post(await signed(logout()))
      assert.equal(response.status, status)
      const body = await response.text()
      assert.ok(body.length <= 512 && !body.includes('xx'))
      assert.match(JSON.stringify(lines.at(-1)), /xxxx/)
    })
  }

  it('with a problem is delivered again only when that may help', async () => {
    for (const [code, { retriable }] of Object.entries(problems)) {
      const error = new Problem(code as ProblemCode, 'detail')
      const { post } = serve({ handle: () => Promise.reject(error) })
      const { status } = await post(await signed(logout()))
      // Knative delivers again on 5xx, 404, 408, 409 and 429.
      assert.equal(status, retriable ? 503 : 422, code)
    }
  })

  it('is told when its time is over', async () => {
    const { post } = serve({
      timeoutMs: 20,
      handle: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    assert.equal((await post(await signed(logout()))).status, 503)
  })
})

describe('unsigned events', () => {
  const tick = encodeHint({ type: 'dev.tka.sweep.requested.v1', id: 'tick-1', source: sourceOf('lab', 'tick'), now })

  it('are refused where no hint is expected', async () => {
    assert.equal((await serve().post(tick)).status, 403)
  })

  it('reach whoever expects them as a hint, of which only type and id are read', async () => {
    const seen: unknown[] = []
    const { post } = serve({
      hints: { types: ['dev.tka.sweep.requested.v1'], handle: async hint => void seen.push(hint) },
      handle: () => assert.fail('handled as an event'),
    })
    assert.equal((await post(tick)).status, 204)
    assert.deepEqual(seen, [{ type: 'dev.tka.sweep.requested.v1', id: 'tick-1' }])
  })

  it('never pass for an event that must be signed', async () => {
    const message = await signed(logout())
    const { 'ce-dssematerial': _, ...headers } = message.headers
    const { post } = serve({
      hints: { types: ['dev.tka.sweep.requested.v1'], handle: async () => assert.fail('a hint') },
    })
    assert.equal((await post({ ...message, headers })).status, 403)
  })

  it('of type ping are answered by every function with a signed pong', async () => {
    const ping = encodeHint({ type: 'dev.tka.ping.v1', id: 'ping-1', source: '/tka/lab/tick', now })
    const response = await serve().post(ping)
    assert.equal(response.status, 200)
    const pong = await verify(await messageOf(response), {
      keys: trial.keys,
      cluster: 'lab',
      now,
      accept: ['dev.tka.pong.v1'],
    })
    assert.equal(pong.data.function, 'logout')
    assert.match(pong.data.version, /^\d+\.\d+\.\d+/)
  })
})

describe('the dead-letter sink', () => {
  it('takes what has expired', async () => {
    let handled = 0
    const { post } = serve({
      deadLetters: true,
      now: () => now + 600_000,
      handle: async () => {
        handled += 1
        return undefined
      },
    })
    assert.equal((await post(await signed(sampleEvent('dev.tka.session.requested.v1', now)))).status, 204)
    assert.equal(handled, 1)
  })

  it('counts and drops everything else', async () => {
    const { post, lines } = serve({ deadLetters: true, handle: () => assert.fail('handled') })
    const message = await signed(logout())
    const altered = { ...message, body: Buffer.from('{}') }
    for (const dropped of [
      altered,
      await signed(sampleEvent('dev.tka.session.ended.v1', now)),
      { headers: {}, body: Buffer.from('') },
    ]) {
      const response = await post(dropped)
      assert.deepEqual([response.status, await response.text()], [202, ''])
    }
    assert.deepEqual(
      lines.map(line => line.outcome),
      ['refused: altered', 'refused: type-not-accepted', 'refused: content-type'],
    )
  })
})

describe('other requests', () => {
  it('are told that the function is alive and ready, since it listens', async () => {
    const { app } = serve()
    assert.equal((await app.request('/health/liveness')).status, 200)
    assert.equal((await app.request('/health/readiness')).status, 200)
  })

  it('find nothing else', async () => {
    const { app } = serve()
    for (const [method, path] of [
      ['GET', '/'],
      ['PUT', '/'],
      ['POST', '/x'],
      ['GET', '/metrics'],
      ['GET', '/api/v1alpha1/login'],
    ] as const) {
      assert.equal((await app.request(path, { method })).status, 404, `${method} ${path}`)
    }
  })
})

describe('the figures of deliveries', () => {
  it('count events that were refused by reason, and time each by type and outcome', async () => {
    const before = await scrape()
    const { post } = serve({ handle: async () => undefined })
    const message = await signed(logout())
    assert.equal((await post(message)).status, 204)
    assert.equal((await post({ ...message, body: Buffer.from('{"altered":1}') })).status, 403)
    assert.equal((await post({ ...message, body: Buffer.alloc(200_000) })).status, 413)
    assert.equal((await post({ ...message, headers: { ...message.headers, 'ce-type': 'made.up' } })).status, 403)
    const after = await scrape()
    const grown = (name: string, labels: Readonly<Record<string, string>>) =>
      (seriesValue(after, name, labels) ?? 0) - (seriesValue(before, name, labels) ?? 0)
    for (const reason of ['altered', 'body-too-large', 'type-unknown'])
      assert.equal(grown('tka_events_refused_total', { reason }), 1, reason)
    const { type } = logout()
    assert.equal(grown('tka_event_duration_seconds', { type, outcome: 'done' }), 1)
    assert.equal(grown('tka_event_duration_seconds', { type, outcome: 'refused' }), 1)
    assert.equal(grown('tka_event_duration_seconds', { type: 'other', outcome: 'refused' }), 1)
  })

  it('time how long the broker had an event, by the clock in its id', async () => {
    const event = logout()
    const made = madeAt(event)
    assert.ok(made !== undefined && Math.abs(made - Date.now()) < 60_000, String(made))
    assert.equal(madeAt({ id: 'tick-2026-11-23T10:00:00Z' }), undefined)
    const before = seriesValue(await scrape(), 'tka_phase_duration_seconds', { phase: 'broker' }) ?? 0
    await serve().post(await signed(event))
    assert.equal(seriesValue(await scrape(), 'tka_phase_duration_seconds', { phase: 'broker' }), before + 1)
  })
})

describe('an answer', () => {
  it('continues the trace of what it answers, as an attribute that nobody signed', async () => {
    const reply = sampleEvent('dev.tka.session.revocation.requested.v1', now)
    const { post } = serve({ handle: async () => reply })
    const message = await signed(logout())
    const traceId = 'c'.repeat(32)
    const traceparent = `00-${traceId}-${'d'.repeat(16)}-01`
    const response = await post({ ...message, headers: { ...message.headers, 'ce-traceparent': traceparent } })
    assert.match(response.headers.get('ce-traceparent') ?? '', new RegExp(`^00-${traceId}-`))
    const { keys } = trial
    const event = await verify(await messageOf(response), { keys, cluster: 'lab', now, accept: [reply.type] })
    assert.deepEqual(event, reply)
  })
})
