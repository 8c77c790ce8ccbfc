import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { WebSocket, WebSocketServer } from 'ws'
import type { TailscaleNode, TailscaleSocket } from '../src/index.ts'
import { startTestnet, type Testnet } from '../src/testing/index.ts'
import { type SecureNode, startSecureNode } from './secure-node.ts'
import { rejection, startNode } from './support.ts'

const signal = () => AbortSignal.timeout(10_000)
const loginOf = (socket: unknown) => (socket as TailscaleSocket).tailscale.user?.login

suite('on the tailnet, a server', () => {
  let net: Testnet
  let secure: SecureNode
  let node: TailscaleNode
  let client: TailscaleNode
  before(async () => {
    net = await startTestnet()
    await net.setNode('client', { login: 'alice@example.com' })
    secure = await startSecureNode(net, 'server')
    node = secure.node
    client = await startNode(net, { hostname: 'client' })
  })
  after(async () => {
    await client.close()
    await secure[Symbol.asyncDispose]()
    await net[Symbol.asyncDispose]()
  })

  const dial = (port: number) => client.dial({ host: 'server', port, signal: signal() })
  const dialTls = async (port: number, protocols: readonly string[]) => {
    const { name: servername, authority: ca } = secure
    const socket = connectTls({ socket: await dial(port), servername, ca, ALPNProtocols: [...protocols] })
    await once(socket, 'secureConnect', { signal: signal() })
    return socket
  }

  test('of HTTP/2 answers those who know that it is one', async () => {
    const server = http2.createServer((request, response) => {
      response.end(`${loginOf(request.stream.session?.socket)} asks ${request.url} by ${request.httpVersion}`)
    })
    await using _ = await node.serve(server, { port: 8001 })
    await using session = await http2Session(await dial(8001))
    const answers = await Promise.all(['/a', '/b', '/c'].map(path => session.get(path)))
    assert.deepEqual(
      answers,
      ['/a', '/b', '/c'].map(path => `alice@example.com asks ${path} by 2.0`),
    )
  })

  test('of HTTP/2 behind TLS that ends in the helper speaks HTTP/2, and HTTP/1.1 with those who do not', async () => {
    const server = http2.createSecureServer({ allowHTTP1: true }, (request, response) => {
      response.end(`${loginOf(request.stream?.session?.socket ?? request.socket)} by ${request.httpVersion}`)
    })
    await using _ = await node.serve(server, { port: 8002, tls: true })
    const modern = await dialTls(8002, ['h2', 'http/1.1'])
    assert.equal(modern.alpnProtocol, 'h2')
    await using session = await http2Session(modern)
    assert.equal(await session.get('/'), 'alice@example.com by 2.0')
    const old = await dialTls(8002, ['http/1.1'])
    assert.equal(old.alpnProtocol, 'http/1.1')
    assert.equal(await get({ createConnection: () => old }), 'alice@example.com by 1.1')
  })

  test('of HTTP/1.1 behind TLS offers no HTTP/2', async () => {
    const server = http.createServer((request, response) => {
      const { tailscale } = request.socket as TailscaleSocket
      response.end(`${tailscale.user?.login} by ${tailscale.tls?.alpn}, ${(request.socket as TLSSocket).encrypted}`)
    })
    await using _ = await node.serve(server, { port: 8003, tls: true })
    const socket = await dialTls(8003, ['h2', 'http/1.1'])
    assert.equal(await get({ createConnection: () => socket }), 'alice@example.com by http/1.1, true')
  })

  test('that would end TLS itself is fed by the helper’s, and refused without', async () => {
    const server = https.createServer((request, response) => response.end(loginOf(request.socket)))
    await using _ = await node.serve(server, { port: 8004, tls: true })
    const socket = await dialTls(8004, ['http/1.1'])
    assert.equal(await get({ createConnection: () => socket }), 'alice@example.com')
    assert.equal((await rejection(node.serve(server, { port: 8005 }))).code, 'ERR_TSNET_OPTIONS')
  })

  test('of raw TCP gets its sockets with the half-closes that it wants', async () => {
    await using _ = await node.serve(
      createServer(socket => void socket.resume().write(`ended with ${loginOf(socket)}`)),
      { port: 8009 },
    )
    await using __ = await node.serve(
      createServer({ allowHalfOpen: true }, async socket => socket.end(`${loginOf(socket)}: ${await text(socket)}`)),
      { port: 8010 },
    )
    for (const [port, answer] of [
      [8009, 'ended with alice@example.com'],
      [8010, 'alice@example.com: hello'],
    ] as const) {
      const socket = await dial(port)
      socket.setTimeout(10_000, () => socket.destroy(new Error('left open')))
      socket.end('hello')
      assert.equal(await text(socket), answer)
    }
  })

  test('of Hono’s knows who is calling', async () => {
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.post('/echo', async c => c.text(`${loginOf(c.env.incoming.socket)} says ${await c.req.text()}`))
    await using _ = await node.serve(createAdaptorServer({ fetch: app.fetch }), { port: 8006 })
    const agent = client.httpAgent()
    const request = http.request('http://server:8006/echo', { method: 'POST', agent, signal: signal() })
    request.end('hello')
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    assert.equal(await text(response), 'alice@example.com says hello')
  })

  test('takes WebSockets and closes them in order, plain and with TLS', async () => {
    const server = http.createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket, request) => {
      socket.on('message', data => socket.send(`${loginOf(request.socket)}: ${data}`))
    })
    await using _ = await node.serve(server, { port: 8007 })
    await using __ = await node.serve(server, { port: 8008, tls: true })
    const { name: host, authority: ca } = secure
    for (const [url, agent] of [
      [`ws://${host}:8007/`, client.httpAgent()],
      [`wss://${host}:8008/`, client.httpsAgent({ ca })],
    ] as const) {
      const socket = new WebSocket(url, { agent })
      await once(socket, 'open', { signal: signal() })
      for (const word of ['one', 'two']) {
        socket.send(word)
        const [data] = await once(socket, 'message', { signal: signal() })
        assert.equal(String(data), `alice@example.com: ${word}`)
      }
      const [served] = sockets.clients
      assert.ok(served)
      const closed = once(served, 'close', { signal: signal() })
      socket.close(4_001, 'enough')
      const [code, reason] = await closed
      assert.deepEqual([code, String(reason)], [4_001, 'enough'])
    }
  })
})

interface Session extends AsyncDisposable {
  get(path: string): Promise<string>
}

async function http2Session(socket: Socket): Promise<Session> {
  const session = http2.connect('http://server', { createConnection: () => socket })
  await once(session, 'connect', { signal: signal() })
  return {
    get: path => text(session.request({ ':path': path }, { signal: signal() })),
    async [Symbol.asyncDispose]() {
      const closed = once(session, 'close', { signal: signal() })
      session.close()
      await closed
    },
  }
}

async function get(options: http.RequestOptions): Promise<string> {
  const request = http.get('http://server/', { ...options, signal: signal() })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return text(response)
}
