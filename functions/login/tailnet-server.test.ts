import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import type { TailnetEnv } from './tailnet-app.ts'
import { createTailnetServer, type TailnetServer } from './tailnet-server.ts'

const timeouts = { headersTimeoutMs: 5_000, requestTimeoutMs: 10_000, keepAliveTimeoutMs: 10_000 }

/** A server of its own port, whose app answers `/held` when it is let, and where to reach it. */
async function start() {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const app = new Hono<TailnetEnv>()
  app.get('/', c => c.text(c.env.connection.listener.hosts.join()))
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

  it('answers a Host that is none as a problem, without asking the app', async () => {
    const { tailnet, port } = await start()
    const answer = await text(send(port, 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'))
    assert.match(answer, /^HTTP\/1\.1 400[\s\S]*"message":"The request cannot be understood/)
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
