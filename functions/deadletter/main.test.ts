import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { encodeHint, type HttpMessage, importKeySet, importSigningKey, sign, verify } from '#events'
import { sampleEvent, signerOf } from '#events/testing/sample-events'
import { mountFunction } from '#io/testing/mount-function'
import { startProcess } from '#io/testing/start-process'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

describe('the deadletter function', () => {
  it('sends a signed denial to the sink for what somebody waits for, and drops the rest', async () => {
    const denied = Promise.withResolvers<HttpMessage>()
    const sink = createServer(async (request, response) => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      denied.resolve({ headers, body: await buffer(request) })
      response.writeHead(202).end()
    })
    await new Promise<void>(resolve => sink.listen(0, '127.0.0.1', resolve))
    const address = sink.address()
    assert.ok(address !== null && typeof address === 'object')
    await using mounts = await mountFunction('deadletter')
    await using process = await startProcess(main, { ...mounts.env, K_SINK: `http://127.0.0.1:${address.port}/` })
    const { port } = await process.line('listening')

    const now = Date.now()
    const post = async (type: 'dev.tka.session.ended.v1' | 'dev.tka.session.requested.v1', madeAt: number) => {
      const event = sampleEvent(type, madeAt)
      const owner = signerOf(event)
      const key = await importSigningKey(mounts.keys.private.find(jwk => jwk.function === owner))
      const { headers, body } = await sign(event, key)
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: Buffer.from(body) })
      return { status: response.status, event }
    }
    assert.equal((await post('dev.tka.session.ended.v1', now)).status, 202)
    const { status, event } = await post('dev.tka.session.requested.v1', now - 300_000)
    assert.equal(status, 204)

    const keys = await importKeySet(mounts.keys.public)
    const denial = await verify(await denied.promise, {
      keys,
      cluster: 'lab',
      now,
      accept: ['dev.tka.session.denied.v1'],
    })
    assert.deepEqual([denial.source, denial.data.request], ['/tka/lab/deadletter', event.id])
    sink.closeAllConnections()
    sink.close()
    process.kill('SIGTERM')
    assert.equal(await process.exited, 0)
  })

  it('answers, and stops cleanly within seconds, though nobody takes its spans', async () => {
    await using mounts = await mountFunction('deadletter')
    // Nobody listens on the discard port.
    const nobody = 'http://127.0.0.1:9'
    const env = { ...mounts.env, K_SINK: nobody, OTEL_EXPORTER_OTLP_ENDPOINT: nobody }
    await using process = await startProcess(main, env)
    const { port } = await process.line('listening')
    const { headers } = encodeHint({ type: 'dev.tka.ping.v1', id: 'ping-1', source: '/tka/lab/tick', now: Date.now() })
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: '{}' })
    assert.equal(response.headers.get('ce-type'), 'dev.tka.pong.v1')
    assert.match(response.headers.get('ce-traceparent') ?? '', /-01$/, 'sampled, hence exported')
    const stopped = performance.now()
    process.kill('SIGTERM')
    assert.equal(await process.exited, 0)
    assert.ok(performance.now() - stopped < 40_000, 'within the time that a pod has')
    assert.equal((await process.line('spans were lost')).severity, 'warn')
  })
})
