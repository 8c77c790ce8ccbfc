import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { TailscaleNode, TailscaleSocket } from '../src/index.ts'
import { type Laptop, startLaptop, startTestnet } from '../src/testing/index.ts'
import { startSecureNode } from './secure-node.ts'
import { type SmallTailnet, startSmallTailnet } from './small-tailnet.ts'

suite('an http.Server on the tailnet', () => {
  let tailnet: SmallTailnet
  let node: TailscaleNode
  let laptop: Laptop
  before(async () => {
    tailnet = await startSmallTailnet()
    ;({ node, laptop } = tailnet)
  })
  after(() => tailnet[Symbol.asyncDispose]())

  test('keeps connections alive and knows who is calling on each request', async () => {
    const ports = new Set<number>()
    const server = http.createServer((request, response) => {
      const { tailscale } = request.socket as TailscaleSocket
      ports.add(tailscale.remotePort)
      response.end(tailscale.user?.login)
    })
    await using _ = await node.serve(server, { port: 80 })
    const agent = laptop.agent({ keepAlive: true })
    for (let i = 0; i < 20; i++) {
      assert.equal((await laptop.request('http://server/', { agent })).body, 'alice@example.com')
    }
    assert.equal(ports.size, 1)
    agent.destroy()
  })

  test('gives up on a client that sends its headers too slowly', async () => {
    const server = http.createServer({ headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 100 })
    await using _ = await node.serve(server, { port: 81 })
    const socket = await laptop.connect({ host: 'server', port: 81 })
    socket.write('GET / HTTP/1.1\r\nhost: server\r\nx-slow: ')
    assert.match(await text(socket), /^HTTP\/1\.1 408 /)
    server.close()
  })

  test('gives up on a client that sends its body too slowly', async () => {
    const server = http.createServer(
      { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 100 },
      request => request.resume(),
    )
    await using _ = await node.serve(server, { port: 82 })
    const socket = await laptop.connect({ host: 'server', port: 82 })
    socket.write('POST / HTTP/1.1\r\nhost: server\r\ncontent-length: 10\r\n\r\n123')
    assert.match(await text(socket), /^HTTP\/1\.1 408 /)
    server.close()
  })

  test('upgrades connections', async () => {
    const server = http.createServer()
    server.on('upgrade', (request, socket: Socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
      socket.write(head)
      socket.write(`${(request.socket as TailscaleSocket).tailscale.user?.login}:`)
      socket.pipe(socket)
    })
    await using _ = await node.serve(server, { port: 84 })
    const socket = await laptop.connect({ host: 'server', port: 84 })
    socket.write('GET / HTTP/1.1\r\nhost: server\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello')
    let answer = ''
    for await (const chunk of socket.setEncoding('utf8')) {
      answer += chunk
      if (answer.endsWith('!')) break // "!" is what comes back at last
      if (answer.endsWith('alice@example.com:')) socket.write('echoed!')
    }
    assert.match(answer, /^HTTP\/1\.1 101 .*\r\n\r\nhelloalice@example\.com:echoed!$/s)
  })

  test('can be fed by hand, connection by connection', async () => {
    const listener = await node.listen({ port: 87 })
    const served = (async () => {
      for await (const socket of listener) socket.end(`${socket.tailscale.user?.login}`)
    })()
    const socket = await laptop.connect({ host: 'server', port: 87 })
    assert.equal(await text(socket), 'alice@example.com')
    await listener.close()
    await served
  })
})

suite('HTTPS with the tailnet’s certificate', () => {
  test('ends in the helper, and the program still knows who is calling', async () => {
    await using net = await startTestnet()
    await using secure = await startSecureNode(net, 'secure')
    const { node, name, authority } = secure
    const server = http.createServer((request, response) => {
      const { tailscale } = request.socket as TailscaleSocket
      response.end(JSON.stringify(tailscale))
    })
    await node.serve(server, { port: 443, tls: true })
    await using laptop = await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl })
    const socket = await laptop.connect({ host: name, port: 443 })
    const secured = connectTls({ socket, servername: name, ca: authority, ALPNProtocols: ['http/1.1'] })
    const request = https.request({ host: name, createConnection: () => secured })
    request.end()
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    const identity = JSON.parse(await text(response))
    assert.equal(identity.user.login, 'laptop@example.com')
    assert.deepEqual(identity.tls, { serverName: name, alpn: 'http/1.1', version: 'TLS 1.3' })
  })
})
