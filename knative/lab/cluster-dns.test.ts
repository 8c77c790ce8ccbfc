import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { canonicalName, startClusterDns } from './cluster-dns.ts'

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function send(proxy: string, target: string, { method = 'GET', headers = {}, body = '' } = {}) {
  const signal = AbortSignal.timeout(10_000)
  const sent = request(proxy, {
    method,
    path: target,
    headers: { host: new URL(target).host, ...headers },
    signal,
    agent: false,
  })
  sent.end(body)
  const [answer] = await once(sent, 'response')
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}

describe('cluster DNS', () => {
  it('brings a request to the port of its name, with Host, path, headers and body as they were', async () => {
    await using dns = await startClusterDns()
    await using server = await serve(async (incoming, outgoing) => {
      const { method, url, headers } = incoming
      outgoing
        .writeHead(201, { 'ce-id': 'answer' })
        .end(JSON.stringify({ method, url, host: headers.host, id: headers['ce-id'], body: await text(incoming) }))
    })
    dns.route('login.tka-system.svc.cluster.local', server.port)
    const answer = await send(dns.url, 'http://login.tka-system.svc.cluster.local:8080/a/b?c=d', {
      method: 'POST',
      headers: { 'ce-id': '1' },
      body: 'data',
    })
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['ce-id'], 'answer')
    assert.deepEqual(JSON.parse(answer.body), {
      method: 'POST',
      url: '/a/b?c=d',
      host: 'login.tka-system.svc.cluster.local:8080',
      id: '1',
      body: 'data',
    })
  })

  it('knows a name with and without cluster.local, until it is taken out', async () => {
    await using dns = await startClusterDns()
    await using server = await serve((_incoming, outgoing) => outgoing.end('here'))
    dns.route('login.tka-system.svc', server.port)
    assert.equal((await send(dns.url, 'http://login.tka-system.svc.cluster.local/')).body, 'here')
    assert.equal((await send(dns.url, 'http://LOGIN.tka-system.svc/')).body, 'here')
    dns.route('login.tka-system.svc.cluster.local', undefined)
    assert.equal((await send(dns.url, 'http://login.tka-system.svc/')).status, 502)
  })

  it('dials nothing but registered names', async () => {
    let reached = 0
    await using server = await serve((_incoming, outgoing) => {
      reached++
      outgoing.end()
    })
    await using dns = await startClusterDns()
    dns.route('known.ns.svc', server.port)
    const foreign = [
      `http://127.0.0.1:${server.port}/`,
      `http://localhost:${server.port}/`,
      'http://example.com/',
      'http://other.ns.svc/',
      'http://known.ns.svc.example.com/',
    ]
    for (const target of foreign) assert.equal((await send(dns.url, target)).status, 502, target)
    assert.equal(reached, 0)
  })

  it('refuses to tunnel', async () => {
    await using dns = await startClusterDns()
    const socket = connect(Number(new URL(dns.url).port), '127.0.0.1')
    socket.end('CONNECT known.ns.svc:443 HTTP/1.1\r\nHost: known.ns.svc:443\r\n\r\n')
    assert.match(await text(socket), /^HTTP\/1\.1 502 /)
  })

  it('answers 502 when nobody listens any more', async () => {
    await using dns = await startClusterDns()
    const gone = await serve(() => {})
    await gone[Symbol.asyncDispose]()
    dns.route('gone.ns.svc', gone.port)
    assert.equal((await send(dns.url, 'http://gone.ns.svc/')).status, 502)
  })

  it('lets go of the server when the caller goes away', async () => {
    await using dns = await startClusterDns()
    const arrived = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    await using server = await serve(incoming => {
      incoming.socket.once('close', () => left.resolve())
      arrived.resolve()
    })
    dns.route('slow.ns.svc', server.port)
    const stop = new AbortController()
    const sent = request(dns.url, { path: 'http://slow.ns.svc/', signal: stop.signal, agent: false }).on(
      'error',
      () => {},
    )
    sent.end()
    await arrived.promise
    stop.abort()
    await left.promise
  })

  it('takes only names of Services', () => {
    assert.equal(canonicalName('a.b.svc'), 'a.b.svc.cluster.local')
    assert.equal(canonicalName('A.b.svc.cluster.local.'), 'a.b.svc.cluster.local')
    for (const name of ['', 'a.svc', 'a.b.c.svc', 'localhost', 'a.b.svc.evil.com', '-a.b.svc', '127.0.0.1']) {
      assert.equal(canonicalName(name), undefined, name)
    }
  })
})
