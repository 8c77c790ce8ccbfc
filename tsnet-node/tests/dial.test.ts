import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch as undiciFetch } from 'undici'
import type { TailscaleNode, TailscaleSocket } from '../src/index.ts'
import { startTestnet, type TestCertificate, type Testnet } from '../src/testing/index.ts'
import { eventually, makeNode, rejection, startNode } from './support.ts'

const signal = () => AbortSignal.timeout(5_000)

/** For Node's own fetch, whose types are those of another undici. */
const through = (dispatcher: Agent) => ({ dispatcher, signal: signal() }) as unknown as RequestInit

suite('a connection into the tailnet', () => {
  let net: Testnet
  let server: TailscaleNode
  let client: TailscaleNode
  let certificate: TestCertificate

  before(async () => {
    net = await startTestnet()
    await net.setNode('client', { login: 'alice@example.com' })
    server = await startNode(net, { hostname: 'server' })
    client = await startNode(net, { hostname: 'client' })
    certificate = await net.certificate('server')
    await server.serve(
      http.createServer((request, response) => {
        const { tailscale } = request.socket as TailscaleSocket
        response.end(`${tailscale.user?.login} asks ${request.headers.host}`)
      }),
      { port: 80 },
    )
  })
  after(async () => {
    await client.close()
    await server.close()
    await net[Symbol.asyncDispose]()
  })

  for (const host of ['server', 'SERVER', 'server.tail-scale.ts.net', 'server.tail-scale.ts.net.']) {
    test(`reaches ${host}, which knows who is calling`, async () => {
      const listener = await server.listen({ port: 7000 })
      listener.on('connection', socket => socket.end(`${socket.tailscale.user?.login}`))
      const socket = await client.dial({ host, port: 7000, signal: signal() })
      assert.equal(await text(socket), 'alice@example.com')
      await listener.close()
    })
  }

  test('reaches addresses of both families, and has the tailnet’s addresses', async () => {
    const [here, there] = [(await client.status()).ips, (await server.status()).ips]
    await using listener = await server.listen({ port: 7001 })
    listener.on('connection', socket => socket.end(`${socket.remoteAddress}`))
    for (const [i, family] of ['IPv4', 'IPv6'].entries()) {
      const socket = await client.dial({
        host: i === 1 ? `[${there[1]}]` : (there[0] ?? ''),
        port: 7001,
        signal: signal(),
      })
      assert.equal(socket.remoteAddress, there[i])
      assert.equal(socket.remotePort, 7001)
      assert.equal(socket.remoteFamily, family)
      assert.equal(socket.localAddress, here[i])
      assert.equal(await text(socket), here[i])
      assert.equal((await client.whoIs(socket.remoteAddress ?? '')).node.name, 'server.tail-scale.ts.net')
    }
  })

  test('is refused with a code where nobody listens', async () => {
    const error = await rejection(client.dial({ host: 'server', port: 4, signal: signal() }))
    assert.equal(error.code, 'ERR_TSNET_REFUSED')
    assert.match(error.message, /server .* port 4/)
  })

  test('to a name that nobody has is an error with a code, at once', async () => {
    const began = performance.now()
    for (const host of ['nobody', 'nobody.tail-scale.ts.net']) {
      assert.equal(
        (await rejection(client.dial({ host, port: 80, signal: signal() }))).code,
        'ERR_TSNET_NAME_NOT_FOUND',
      )
    }
    assert.ok(performance.now() - began < 5_000)
  })

  test('to a peer that does not answer is an error with a code, in the time given', async () => {
    await net.setGrant('only-web', { src: ['*'], dst: ['host:client'], ip: true })
    await net.removeGrant('default')
    try {
      const shutOff = () =>
        client.dial({ host: 'server', port: 80, timeoutMs: 300 }).then(
          socket => void socket.destroy(),
          error => error.code === 'ERR_TSNET_TIMEOUT',
        )
      await eventually(shutOff, { withinMs: 2_000, what: 'shut off' })
      const began = performance.now()
      await rejection(client.dial({ host: 'server', port: 80, timeoutMs: 300 }))
      const took = performance.now() - began
      assert.ok(took > 250 && took < 1_500, `gave up after ${took} ms`)
      const request = http.get('http://server/', { agent: client.httpAgent(), timeout: 300 })
      const late = await rejection(once(request, 'response', { signal: AbortSignal.timeout(5_000) }))
      assert.equal(late.code, 'ERR_TSNET_TIMEOUT')
      const aborted = await rejection(client.dial({ host: 'server', port: 80, signal: AbortSignal.timeout(300) }))
      assert.equal(aborted.name, 'TimeoutError')
    } finally {
      await net.setGrant('default', { src: ['*'], dst: ['*'], ip: true })
      await net.removeGrant('only-web')
    }
  })

  test('never leads to this machine, or to where the tailnet does not', async () => {
    const local = createServer(socket => socket.end('inside')).listen(0, '127.0.0.1')
    await once(local, 'listening')
    const { port } = local.address() as { port: number }
    for (const host of ['127.0.0.1', 'localhost', '::1', '203.0.113.1', '100.64.99.99']) {
      const { code } = await rejection(client.dial({ host, port, signal: signal() }))
      assert.ok(code === 'ERR_TSNET_UNREACHABLE' || code === 'ERR_TSNET_NAME_NOT_FOUND', `${host}: ${code}`)
    }
    local.close()
  })

  test('wants a host and a port', async () => {
    for (const target of [
      { host: '', port: 80 },
      { host: 'a b', port: 80 },
      { host: 'server', port: 0 },
      { host: 'server', port: 1.5 },
      { host: 'server', port: 80, timeoutMs: 0 },
    ]) {
      assert.equal((await rejection(client.dial(target))).code, 'ERR_TSNET_OPTIONS')
    }
  })

  test('needs a node that is up, and ends with it', async () => {
    await using node = makeNode(net, { hostname: 'short-lived' })
    assert.equal((await rejection(node.dial({ host: 'server', port: 80 }))).code, 'ERR_TSNET_NOT_UP')
    await node.up({ signal: AbortSignal.timeout(20_000) })
    await using listener = await server.listen({ port: 7002 })
    listener.on('connection', socket => socket.resume())
    const socket = await node.dial({ host: 'server', port: 7002, signal: signal() })
    const ended = rejection(once(socket, 'end'))
    await node.close()
    assert.equal((await ended).code, 'ECONNRESET')
    assert.equal((await rejection(node.dial({ host: 'server', port: 80 }))).code, 'ERR_TSNET_CLOSED')
  })

  test('passes half-closes on in both directions', async () => {
    await using listener = await server.listen({ port: 7003, allowHalfOpen: true })
    listener.on('connection', async socket => socket.end(`you said ${await text(socket)}`))
    const socket = await client.dial({ host: 'server', port: 7003, signal: signal() })
    socket.end('hello')
    assert.equal(await text(socket), 'you said hello')

    await using other = await server.listen({ port: 7004, allowHalfOpen: true })
    const heard = once(other, 'connection').then(([accepted]) => {
      accepted.end('question')
      return text(accepted)
    })
    const asked = await client.dial({ host: 'server', port: 7004, allowHalfOpen: true, signal: signal() })
    assert.equal(await text(asked), 'question')
    asked.end('answer')
    assert.equal(await heard, 'answer')
  })

  test('that breaks is not taken for one that ended', async () => {
    await using listener = await server.listen({ port: 7005 })
    const accepted = once(listener, 'connection')
    const socket = await client.dial({ host: 'server', port: 7005, signal: signal() })
    const [peer] = (await accepted) as [Socket]
    let flushed = 0
    for (let i = 0; i < 256; i++) socket.write(Buffer.alloc(1 << 16), () => flushed++)
    const full = async () => {
      const before = flushed
      await sleep(50)
      return before > 0 && flushed === before
    }
    await eventually(full, { withinMs: 5_000, what: 'all buffers full' }) // a close before they are read is a reset
    const ended = once(socket, 'end')
    socket.resume()
    peer.destroy()
    assert.equal((await rejection(ended)).code, 'ECONNRESET')
  })

  test('carries fetch', async () => {
    const dispatcher = new Agent({ connect: client.connector() })
    const response = await fetch('http://server/', through(dispatcher))
    assert.equal(await response.text(), 'alice@example.com asks server')
    const other = await undiciFetch('http://server.tail-scale.ts.net/', { dispatcher, signal: signal() })
    assert.equal(await other.text(), 'alice@example.com asks server.tail-scale.ts.net')
    const failure = await rejection(fetch('http://nobody/', through(dispatcher)))
    assert.equal((failure.cause as { code?: unknown }).code, 'ERR_TSNET_NAME_NOT_FOUND')
    await dispatcher.close()
  })

  test('carries http.request, again on the same connection', async () => {
    const agent = client.httpAgent({ keepAlive: true })
    const ports = new Set<number | undefined>()
    for (let i = 0; i < 3; i++) {
      const request = http.get('http://server/', { agent, signal: signal() })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      ports.add(response.socket.localPort)
      assert.equal(await text(response), 'alice@example.com asks server')
    }
    assert.equal(ports.size, 1)
    agent.destroy()
    const failure = await rejection(once(http.get('http://nobody/', { agent: client.httpAgent() }), 'response'))
    assert.equal(failure.code, 'ERR_TSNET_NAME_NOT_FOUND')
  })

  test('carries TLS from end to end, for fetch and https.request, and checks the server’s name', async () => {
    const { cert, key, authority } = certificate
    const sealed = https.createServer({ cert, key }, (_, response) => response.end('sealed'))
    await using listener = await server.listen({ port: 8443, allowHalfOpen: true })
    listener.on('connection', socket => sealed.emit('connection', socket))
    const dispatcher = new Agent({ connect: client.connector({ ca: authority }) })
    const response = await fetch('https://server:8443/', through(dispatcher))
    assert.equal(await response.text(), 'sealed')
    const request = https.get('https://server:8443/', { agent: client.httpsAgent({ ca: authority }), signal: signal() })
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
    assert.equal(await text(answer), 'sealed')
    const url = 'https://server.tail-scale.ts.net:8443/' // a name that the certificate does not have
    const failure = await rejection(fetch(url, through(dispatcher)))
    assert.equal((failure.cause as { code?: unknown }).code, 'ERR_TLS_CERT_ALTNAME_INVALID')
    await dispatcher.close()
  })
})
