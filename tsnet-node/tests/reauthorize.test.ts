import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import type { TailscaleNode, TailscaleSocket } from '../src/index.ts'
import type { Laptop, Testnet } from '../src/testing/index.ts'
import { type SmallTailnet, startSmallTailnet } from './small-tailnet.ts'
import { eventually, rejection } from './support.ts'

const capability = 'example.com/cap/door'
const withinMs = 2_000

suite('a connection that stays open', () => {
  let net: Testnet
  let tailnet: SmallTailnet
  let node: TailscaleNode
  let laptop: Laptop
  let socket: TailscaleSocket
  let client: Socket

  before(async () => {
    tailnet = await startSmallTailnet()
    ;({ net, node, laptop } = tailnet)
  })
  after(() => tailnet[Symbol.asyncDispose]())
  beforeEach(async () => {
    await using listener = await node.listen({ port: 7000 })
    const accepted = once(listener, 'connection')
    client = await laptop.connect({ host: (await node.status()).ips[0] ?? '', port: 7000 })
    client.on('error', () => {})
    ;[socket] = await accepted
  })
  afterEach(() => void client.destroy())

  const capabilityNow = async () => (await node.reauthorize(socket, { maxAgeMs: 0 })).capMap[capability]

  test('sees a grant, its change and its end within 2 s', async () => {
    assert.equal(await capabilityNow(), undefined)
    for (const role of ['view', 'edit']) {
      await net.setGrant('door', { src: ['alice@example.com'], dst: ['*'], app: { [capability]: [{ role }] } })
      await eventually(async () => JSON.stringify(await capabilityNow()) === `[{"role":"${role}"}]`, {
        withinMs,
        what: role,
      })
    }
    await net.removeGrant('door')
    await eventually(async () => (await capabilityNow()) === undefined, { withinMs, what: 'grant gone' })
    assert.equal(socket.destroyed, false)
  })

  test('serves each request by what is granted then, over HTTP', async () => {
    const ports = new Set<number | undefined>()
    const server = http.createServer(async (request, response) => {
      const { capMap, remotePort } = await node.reauthorize(request.socket as TailscaleSocket, { maxAgeMs: 500 })
      ports.add(remotePort)
      response.writeHead(capMap[capability] ? 200 : 403).end()
    })
    await using _ = await node.serve(server, { port: 80 })
    const agent = laptop.agent({ keepAlive: true })
    const answers = async (wanted: number) => (await laptop.request('http://server/', { agent })).status === wanted
    assert.ok(await answers(403))
    for (let round = 0; round < 2; round++) {
      await net.setGrant('door', { src: ['alice@example.com'], dst: ['*'], app: { [capability]: [1] } })
      await eventually(() => answers(200), { withinMs, what: 'let in' })
      await net.removeGrant('door')
      await eventually(() => answers(403), { withinMs, what: 'shut out' })
    }
    assert.equal(ports.size, 1, 'one connection all along')
    agent.destroy()
  })

  test('is still asked about after its network access is gone, and has no capability then', async () => {
    await net.setGrant('door', { src: ['alice@example.com'], dst: ['*'], app: { [capability]: [1] } })
    await eventually(capabilityNow, { withinMs, what: 'granted' })
    await net.removeGrant('default')
    await net.removeGrant('door')
    await eventually(async () => (await capabilityNow()) === undefined, { withinMs, what: 'grant gone' })
    await net.setGrant('default', { src: ['*'], dst: ['*'], ip: true })
  })

  test('is closed when its device belongs to somebody else', async () => {
    const closed = once(client, 'close')
    await net.setNode('laptop', { login: 'bob@example.com' })
    const error = await eventually(
      () =>
        node.reauthorize(socket, { maxAgeMs: 0 }).then(
          () => undefined,
          error => error,
        ),
      { withinMs, what: 'refused' },
    )
    assert.equal(error.code, 'ERR_TSNET_IDENTITY_CHANGED')
    await closed
    await net.setNode('laptop', { login: 'alice@example.com' })
    await eventually(async () => (await node.whoIs(laptop.ips[0] ?? '')).user?.login === 'alice@example.com', {
      withinMs,
      what: 'alice again',
    })
  })

  test('is closed when its device is tagged', async () => {
    await net.setNode('laptop', { tags: ['tag:ci'] })
    const error = await eventually(
      () =>
        node.reauthorize(socket, { maxAgeMs: 0 }).then(
          () => undefined,
          error => error,
        ),
      { withinMs, what: 'refused' },
    )
    assert.equal(error.code, 'ERR_TSNET_IDENTITY_CHANGED')
    assert.equal(socket.destroyed, true)
    await net.setNode('laptop', { login: 'alice@example.com' })
    await eventually(async () => (await node.whoIs(laptop.ips[0] ?? '')).kind === 'user', {
      withinMs,
      what: 'untagged',
    })
  })

  test('costs no question within maxAgeMs', async () => {
    const first = await node.reauthorize(socket, { maxAgeMs: 0 })
    const second = await node.reauthorize(socket)
    assert.equal(second.at, first.at)
    assert.equal(second.remotePort, socket.remotePort)
  })

  test('can be asked about with a limit', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    assert.equal((await rejection(node.reauthorize(socket, { signal, maxAgeMs: 0 }))).message, 'enough')
  })
})
