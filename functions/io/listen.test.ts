import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Hono } from 'hono'
import { sign } from '#events'
import { sampleEvent } from '#events/testing/sample-events'
import { makeTrialKeys } from '#events/testing/trial-keys'
import { listen } from './listen.ts'
import { createEventServer } from './receive.ts'
import { trialEventKeys, trialTelemetry } from './testing/trial-function.ts'

/** A server whose one route answers when it is told to. */
async function serveHeld(drainMs?: number) {
  const { log, lines } = trialTelemetry()
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const app = new Hono()
  app.get('/held', async c => {
    begun.resolve()
    await finish.promise
    return c.text('done')
  })
  app.get('/', c => c.text('here'))
  const server = await listen(app, { port: 0, host: '127.0.0.1', log, ...(drainMs === undefined ? {} : { drainMs }) })
  return { server, lines, begun: begun.promise, finish: finish.resolve, url: `http://127.0.0.1:${server.port}` }
}

describe('a listening server', () => {
  it('says in the log which port it has', async () => {
    const { server, lines } = await serveHeld()
    assert.deepEqual([lines[0]?.message, lines[0]?.port], ['listening', server.port])
    const age = Number(lines[0]?.processAgeMs)
    assert.ok(age > 0 && age <= performance.now(), String(age))
    await server[Symbol.asyncDispose]()
  })

  it('rejects when the port is taken', async () => {
    const { server } = await serveHeld()
    await assert.rejects(listen(new Hono(), { port: server.port, host: '127.0.0.1', log: trialTelemetry().log }), {
      code: 'EADDRINUSE',
    })
    await server[Symbol.asyncDispose]()
  })

  it('finishes what is under way before it closes, and takes nothing new', async () => {
    const { server, begun, finish, url } = await serveHeld()
    const held = fetch(`${url}/held`)
    await begun
    const closed = server[Symbol.asyncDispose]()
    await assert.rejects(fetch(url), TypeError)
    assert.equal(await Promise.race([closed.then(() => 'closed'), delay(60, 'open')]), 'open')
    finish()
    assert.equal(await (await held).text(), 'done')
    await closed
  })

  it('does not wait for connections that are merely kept open', async () => {
    const { server, url } = await serveHeld()
    const agent = new Agent({ keepAlive: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    request(url, { agent }, response => response.resume().on('end', resolve)).end()
    await promise
    const began = performance.now()
    await server[Symbol.asyncDispose]()
    assert.ok(performance.now() - began < 4_000)
    agent.destroy()
  })

  it('cuts off what takes longer than it may', async () => {
    const { server, begun, url } = await serveHeld(30)
    const held = fetch(`${url}/held`)
    const cut = assert.rejects(held, TypeError)
    await begun
    await server[Symbol.asyncDispose]()
    await cut
  })
})

describe('on the wire', () => {
  const now = Date.parse('2026-11-23T10:00:00Z')

  /** POSTs header lines as they are, each of which may come twice. */
  async function post(port: number, lines: readonly string[], body: string): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    const head = [
      'POST / HTTP/1.1',
      'Host: x',
      'Connection: close',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...lines,
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
    let answer = ''
    for await (const chunk of socket) answer += chunk
    return answer.split('\r\n')[0] ?? ''
  }

  it('an attribute or content type given twice is refused, equal or not', async () => {
    const trial = await makeTrialKeys(now)
    const telemetry = trialTelemetry()
    const app = createEventServer({
      function: 'logout',
      cluster: 'lab',
      keys: trialEventKeys(trial, 'logout'),
      telemetry,
      now: () => now,
      accept: ['dev.tka.logout.requested.v1'],
      handle: async () => undefined,
    })
    const server = await listen(app, { port: 0, host: '127.0.0.1', log: telemetry.log })
    const message = await sign(sampleEvent('dev.tka.logout.requested.v1', now), trial.keyOf('login'))
    const body = Buffer.from(message.body).toString()
    const lines = Object.entries(message.headers).map(([name, value]) => `${name}: ${value}`)
    assert.equal(await post(server.port, lines, body), 'HTTP/1.1 204 No Content')
    for (const line of lines) {
      assert.match(await post(server.port, [...lines, line], body), /^HTTP\/1\.1 4(00|15)/, line)
      assert.match(await post(server.port, [...lines, `${line}x`], body), /^HTTP\/1\.1 4(00|15)/, line)
    }
    assert.match(await post(server.port, [...lines, `x-large: ${'x'.repeat(20_000)}`], body), /^HTTP\/1\.1 4(13|31)/)
    await server[Symbol.asyncDispose]()
  })
})
