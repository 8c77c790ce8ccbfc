import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TailscaleNode } from '../src/index.ts'
import { buildGo, connectFunnel, programs, startLaptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { startLineProcess } from '../src/testing/line-process.ts'
import { rejection, startNode } from './support.ts'

suite('a connection from the public Internet', () => {
  let net: Testnet
  let helperPath: string
  let node: TailscaleNode
  before(async () => {
    net = await startTestnet()
    await net.setGrant('all', { src: ['*'], dst: ['*'], app: { 'example.com/cap/door': [1] } })
    helperPath = await buildGo(programs.testFunnelHelper)
    node = await startNode(net, { hostname: 'server', helperPath })
  })
  after(async () => {
    await node.close()
    await net[Symbol.asyncDispose]()
  })

  test('is marked as such, and has neither identity nor capability', async () => {
    await using listener = await node.listen({ port: 7000 })
    const accepted = once(listener, 'connection')
    const client = await connectFunnel({ port: 7000, src: '198.51.100.9:1234', target: 'server.example:443' })
    const [socket] = await accepted
    const { at, ...identity } = socket.tailscale
    assert.ok(Math.abs(Date.now() - at) < 2_000)
    assert.deepEqual(identity, {
      kind: 'funnel',
      funnel: { target: 'server.example:443' },
      remoteAddress: '198.51.100.9',
      remotePort: 1234,
      capMap: {},
    })
    assert.equal(await node.reauthorize(socket), socket.tailscale)
    client.destroy()
  })

  test('is not taken for a peer whose address its client has', async () => {
    await using laptop = await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl })
    await using listener = await node.listen({ port: 7001 })
    const accepted = once(listener, 'connection')
    const client = await connectFunnel({ port: 7001, src: `${laptop.ips[0]}:1234` })
    const [socket] = await accepted
    assert.equal(socket.tailscale.kind, 'funnel')
    assert.equal(socket.tailscale.user, undefined)
    assert.equal((await node.reauthorize(socket, { maxAgeMs: 0 })).kind, 'funnel')
    client.destroy()
  })

  test('passes half-closes on, to listeners that ask for them', async () => {
    await using open = await node.listen({ port: 7002, allowHalfOpen: true })
    open.on('connection', async socket => socket.end(`you said ${await text(socket)}`))
    await using shut = await node.listen({ port: 7003 })
    shut.on('connection', socket => socket.resume()) // ends when its peer does, as the sockets of net.Server do
    const ask = async (port: number) => {
      const client = await connectFunnel({ port })
      client.end('hello')
      return text(client)
    }
    assert.equal(await ask(7002), 'you said hello')
    assert.equal(await ask(7003), '')
  })

  test('can be driven into another process that runs the helper for tests', async () => {
    const program = fileURLToPath(new URL('fixtures/serve.ts', import.meta.url))
    await using child = await startLineProcess(process.execPath, [program, net.controlUrl], {
      env: { TSNET_NODE_HELPER: helperPath },
    })
    const socket = await connectFunnel({ pid: child.pid, port: 80 })
    const request = http.request({ createConnection: () => socket })
    request.end()
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    assert.equal(response.statusCode, 403)
    assert.equal(JSON.parse(await text(response)).kind, 'funnel')
  })

  test('cannot be pretended to the helper that is shipped', async () => {
    const program = fileURLToPath(new URL('fixtures/serve.ts', import.meta.url))
    await using child = await startLineProcess(process.execPath, [program, net.controlUrl], {
      env: { TSNET_NODE_HELPER: await buildGo(programs.helper) },
    })
    assert.match((await rejection(connectFunnel({ pid: child.pid, port: 80 }))).message, /no helper built for tests/)
  })
})
