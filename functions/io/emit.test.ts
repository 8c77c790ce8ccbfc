import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { context } from '@opentelemetry/api'
import { sign, verify } from '#events'
import { sampleEvent } from '#events/testing/sample-events'
import { makeTrialKeys } from '#events/testing/trial-keys'
import { createEmitter, postMessage } from './emit.ts'
import { senderOf, sinkOf } from './environment.ts'
import { makeSelfSigned } from './testing/self-signed.ts'
import { trialTelemetry } from './testing/trial-function.ts'
import { remoteContext } from './trace-context.ts'

const now = Date.parse('2026-11-23T10:00:00Z')
const type = 'dev.tka.session.ended.v1'
const event = sampleEvent(type, now)

async function openSink(answer: (request: IncomingMessage, response: ServerResponse) => void, sender = senderOf({})) {
  const trial = await makeTrialKeys(now)
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const emit = createEmitter({
    sink: sinkOf({ K_SINK: `http://127.0.0.1:${address.port}/tka-system/tka` }),
    sign: event => sign(event, trial.keyOf('provisioner')),
    sender,
  })
  return {
    emit,
    trial,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const signal = AbortSignal.timeout(5_000)

describe('emitting where the Broker wants to know who sends', () => {
  it('sends the token that is mounted at that moment', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tka-token-'))
    const file = join(directory, 'token')
    const seen: (string | undefined)[] = []
    await using sink = await openSink(
      (request, response) => {
        seen.push(request.headers.authorization)
        request.resume()
        response.writeHead(202).end()
      },
      senderOf({ TKA_SINK_TOKEN_FILE: file }),
    )
    try {
      for (const token of ['first', 'second']) {
        await writeFile(file, `${token}\n`)
        await sink.emit(event, { signal })
      }
      assert.deepEqual(seen, ['Bearer first', 'Bearer second'])
    } finally {
      await rm(directory, { recursive: true })
    }
    await assert.rejects(sink.emit(event, { signal }), { code: 'ENOENT' })
  })
})

describe('emitting where the Broker has a certificate', () => {
  it('knows it by the authority that the SinkBinding names, and by no other', async () => {
    const own = makeSelfSigned()
    await using server = createTlsServer(own, (request, response) => {
      request.resume()
      response.writeHead(202).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const post = (K_CA_CERTS: string | undefined) =>
      postMessage(
        sinkOf({ K_SINK: `https://127.0.0.1:${address.port}/tka-system/tka`, K_CA_CERTS }),
        { headers: {}, body: new Uint8Array() },
        { signal },
      )
    await post(own.cert)
    for (const other of [undefined, '', makeSelfSigned().cert])
      await assert.rejects(post(other), { name: 'EmitFailed', status: undefined })
    // As Eventing gives it while the authority changes.
    await post(`${makeSelfSigned().cert}${own.cert}`)
    server.closeAllConnections()
  })
})

describe('emitting', () => {
  it('POSTs the signed event in binary mode to the sink', async () => {
    const got = Promise.withResolvers<{
      path: string | undefined
      method: string | undefined
      headers: Record<string, string>
      body: Buffer
    }>()
    await using sink = await openSink(async (request, response) => {
      const { url: path, method } = request
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      got.resolve({ path, method, headers, body: await buffer(request) })
      response.writeHead(202).end()
    })
    await sink.emit(event, { signal })
    const { path, method, headers, body } = await got.promise
    assert.deepEqual([method, path], ['POST', '/tka-system/tka'])
    assert.deepEqual(
      await verify({ headers, body }, { keys: sink.trial.keys, cluster: 'lab', now, accept: [type] }),
      event,
    )
  })

  it('carries the trace on, in its headers for the hop and in its attributes for whoever gets the event', async () => {
    trialTelemetry()
    const got = Promise.withResolvers<IncomingMessage>()
    await using sink = await openSink((request, response) => {
      got.resolve(request)
      request.resume()
      response.writeHead(202).end()
    })
    const traceId = 'a'.repeat(32)
    const outer = remoteContext({ traceparent: `00-${traceId}-${'b'.repeat(16)}-01` })
    await context.with(outer, () => sink.emit(event, { signal }))
    const { headers } = await got.promise
    assert.match(String(headers.traceparent), new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    assert.equal(headers['ce-traceparent'], headers.traceparent)
  })

  it('fails on every answer but 2xx, a redirection too, with its status', async () => {
    for (const status of [301, 307, 400, 404, 500, 503]) {
      await using sink = await openSink((_, response) => {
        response.writeHead(status, { location: '/elsewhere' }).end('a long story')
      })
      await assert.rejects(sink.emit(event, { signal }), { name: 'EmitFailed', status })
    }
  })

  it('fails without a status when nobody answers', async () => {
    await using sink = await openSink(request => void request.destroy())
    await assert.rejects(sink.emit(event, { signal }), { name: 'EmitFailed', status: undefined })
  })

  it('waits as long as it is told to, and no longer', async () => {
    const answers = {
      nothing: () => {},
      'half an answer': (_: IncomingMessage, response: ServerResponse) => void response.writeHead(202).write('half'),
    }
    for (const [what, answer] of Object.entries(answers)) {
      await using sink = await openSink(answer)
      await assert.rejects(sink.emit(event, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' }, what)
    }
    await using sink = await openSink(() => {})
    await assert.rejects(sink.emit(event, { signal: AbortSignal.abort(new Error('too late')) }), {
      message: 'too late',
    })
  })
})
