import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import * as v from 'valibot'
import { ProblemBody } from '#core/problem'
import type { TailnetEnv } from './tailnet-env.ts'
import { createTailnetServer, type TailnetServer } from './tailnet-server.ts'

const patient = { headersTimeoutMs: 5_000, requestTimeoutMs: 10_000, keepAliveTimeoutMs: 10_000 }

/** A server of its own port, whose app answers `/held` when it is let, and where to reach it. */
async function start(timeouts = patient) {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const app = new Hono<TailnetEnv>()
  app.get('/', c => c.text(c.env.connection.listener.hosts.join()))
  app.get('/last', c => c.text(c.req.header('x-last') ?? 'dropped'))
  app.post('/body', async c => c.text(await c.req.text()))
  app.get('/held', async c => {
    arrived.resolve()
    await held.promise
    return c.text('done')
  })
  const tailnet = createTailnetServer({
    app,
    timeouts,
    connectionOf: ({ socket }) => ({
      identify: async () => ({ kind: 'unknown' }),
      listener: { scheme: 'http', port: 80, hosts: [socket.remoteAddress ?? ''] },
    }),
  })
  tailnet.server.listen(0, '127.0.0.1')
  await once(tailnet.server, 'listening')
  const { port } = tailnet.server.address() as AddressInfo
  return { tailnet, port, held, arrived: arrived.promise }
}

async function stop({ server }: TailnetServer): Promise<void> {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
}

function send(port: number, request: string): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  return socket
}

/** What the server answers to these bytes, once it has closed the connection. */
async function answerTo(port: number, request: string): Promise<{ readonly head: string; readonly body: string }> {
  const [head = '', body = ''] = (await text(send(port, request))).split('\r\n\r\n')
  return { head, body }
}

describe('the server of a tailnet port', () => {
  it('hands each request over with its own connection', async () => {
    const { tailnet, port } = await start()
    const answer = await text(send(port, 'GET / HTTP/1.1\r\nHost: tka\r\nConnection: close\r\n\r\n'))
    assert.match(answer, /^HTTP\/1\.1 200[\s\S]*127\.0\.0\.1/)
    await stop(tailnet)
  })

  it('has the time limits that were configured', async () => {
    const { tailnet } = await start()
    const { headersTimeout, requestTimeout, keepAliveTimeout } = tailnet.server
    assert.deepEqual([headersTimeout, requestTimeout, keepAliveTimeout], [5_000, 10_000, 10_000])
    await stop(tailnet)
  })

  const get = (headers: string, target = '/') => `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`
  const unreadable: readonly (readonly [what: string, request: string, status: number])[] = [
    ['a Host that is none', get('Host: a b\r\n'), 400],
    ['no Host', get(''), 400],
    ['two Hosts', get('Host: tka\r\nHost: evil\r\n'), 400],
    ['a target that is none', get('Host: tka\r\n', '*'), 400],
    ['a target with a backslash', get('Host: tka\r\n', '/\\evil'), 400],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a length that is none', get('Host: tka\r\nContent-Length: x\r\n'), 400],
    ['a length and chunks', get('Host: tka\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n'), 400],
    ['headers of more than 16 KiB', get(`Host: tka\r\nX-Long: ${'x'.repeat(16_384)}\r\n`), 431],
    ['an expectation of its own', get('Host: tka\r\nExpect: magic\r\n'), 417],
    ['CONNECT', 'CONNECT evil:443 HTTP/1.1\r\nHost: tka\r\n\r\n', 405],
  ]
  for (const [what, request, status] of unreadable) {
    it(`answers ${status}, as a problem, to ${what}, without asking the app`, async () => {
      const { tailnet, port } = await start()
      const { head, body } = await answerTo(port, request)
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(head, /content-type: application\/json/i)
      assert.match(head, /cache-control: no-store/i)
      assert.equal(v.parse(ProblemBody, JSON.parse(body)).status, status)
      await stop(tailnet)
    })
  }

  it('answers 408, as a problem, to headers and bodies that do not come in time, and goes on with others', async () => {
    const { tailnet, port } = await start({ headersTimeoutMs: 500, requestTimeoutMs: 500, keepAliveTimeoutMs: 10_000 })
    const slow = ['GET / HTTP/1.1\r\nHost: tka\r\n', 'POST /body HTTP/1.1\r\nHost: tka\r\nContent-Length: 9\r\n\r\n1']
    for (const { head, body } of await Promise.all(slow.map(each => answerTo(port, each)))) {
      assert.match(head, /^HTTP\/1\.1 408 /)
      assert.equal(v.parse(ProblemBody, JSON.parse(body)).status, 408)
    }
    assert.match((await answerTo(port, get('Host: tka\r\n'))).head, /^HTTP\/1\.1 200 /)
    await stop(tailnet)
  })

  it('holds a request for longer than it lets one take to arrive', async () => {
    const { tailnet, port, held, arrived } = await start({ ...patient, headersTimeoutMs: 500, requestTimeoutMs: 500 })
    const answer = answerTo(port, get('Host: tka\r\n', '/held'))
    await arrived
    setTimeout(() => held.resolve(), 2_200)
    assert.match((await answer).head, /^HTTP\/1\.1 200 /)
    await stop(tailnet)
  })

  it('drops no header, however many there are', async () => {
    const { tailnet, port } = await start()
    const many = Array.from({ length: 2_500 }, () => 'a:\r\n').join('')
    assert.match((await answerTo(port, get(`Host: tka\r\n${many}X-Last: here\r\n`, '/last'))).body, /here/)
    await stop(tailnet)
  })

  it('finishes what is under way at the end, tells its client to close, and lets idle ones go', async () => {
    const { tailnet, port, held, arrived } = await start()
    const idle = send(port, 'GET / HTTP/1.1\r\nHost: tka\r\n\r\n')
    await once(idle, 'data')
    const busy = send(port, 'GET /held HTTP/1.1\r\nHost: tka\r\n\r\n')
    await arrived
    const drained = tailnet.drain(10_000)
    await once(idle, 'close')
    held.resolve()
    assert.match(await text(busy), /^HTTP\/1\.1 200[\s\S]*done$/)
    await drained
    await stop(tailnet)
  })

  it('does not wait for ever for a request that does not end', async () => {
    const { tailnet, port, arrived } = await start()
    const busy = send(port, 'GET /held HTTP/1.1\r\nHost: tka\r\n\r\n')
    const closed = once(busy, 'close')
    await arrived
    const began = performance.now()
    await tailnet.drain(100)
    await closed
    assert.ok(performance.now() - began < 2_000)
    await stop(tailnet)
  })
})
