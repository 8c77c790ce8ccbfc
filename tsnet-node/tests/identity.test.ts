import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import type { HelperExit, TailscaleNode } from '../src/index.ts'
import { type Laptop, startLaptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { eventually, startNode } from './support.ts'

const capability = 'example.com/cap/door'

suite('who is calling', () => {
  let net: Testnet
  let node: TailscaleNode
  let ips: readonly string[]
  let laptops: readonly Laptop[]
  const exits: HelperExit[] = []

  before(async () => {
    net = await startTestnet()
    const people = ['alice@example.com', 'bob@example.com', 'alice@elsewhere.example']
    for (const [i, login] of people.entries()) {
      await net.setNode(`laptop-${i}`, { login, displayName: login.toUpperCase() })
      await net.setGrant(`door-${i}`, { src: [login], dst: ['host:server'], app: { [capability]: [{ door: i }] } })
    }
    await net.setNode('robot', { login: 'alice@example.com', tags: ['tag:ci', 'tag:night'] })
    await net.setNode('stranger', { login: 'mallory@example.com', known: false })
    node = await startNode(net, { hostname: 'server' })
    node.on('helperExit', exit => exits.push(exit))
    ips = (await node.status()).ips
    const listener = await node.listen({ port: 7000 })
    listener.on('connection', socket => socket.end(JSON.stringify(socket.tailscale)))
    const open = await node.listen({ port: 7001, unknownPeers: 'accept' })
    open.on('connection', socket => socket.end(JSON.stringify(socket.tailscale)))
    laptops = await Promise.all(
      ['laptop-0', 'laptop-1', 'laptop-2', 'robot', 'stranger'].map(hostname =>
        startLaptop({ hostname, controlUrl: net.controlUrl }),
      ),
    )
  })
  after(async () => {
    assert.deepEqual(exits, [], 'the helper lived through all of it')
    for (const laptop of laptops) await laptop[Symbol.asyncDispose]()
    await node.close()
    await net[Symbol.asyncDispose]()
  })

  const laptop = (i: number): Laptop => {
    const found = laptops[i]
    if (!found) throw new Error(`no laptop ${i}`)
    return found
  }
  const askWhoIAm = async (i: number, { port = 7000, host = ips[0] ?? '' } = {}) =>
    text(await laptop(i).connect({ host, port }, { signal: AbortSignal.timeout(10_000) }))

  test('is answered right on 200 connections at once from three people, 20 times, over both address families', async () => {
    const expected = (await net.nodes()).map(({ hostname, id, userId, login }) => ({ hostname, id, userId, login }))
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const answer = JSON.parse(await askWhoIAm(i % 3, { host: ips[i % 2] ?? '' }))
          return { i: i % 3, answer }
        }),
      )
      for (const { i, answer } of answers) {
        const joined = expected.find(({ hostname }) => hostname === `laptop-${i}`)
        assert.equal(answer.kind, 'user')
        assert.equal(answer.user.id, joined?.userId)
        assert.equal(answer.user.login, joined?.login)
        assert.equal(answer.node.id, joined?.id)
        assert.deepEqual(answer.capMap[capability], [{ door: i }])
        assert.ok(laptop(i).ips.includes(answer.remoteAddress), `${answer.remoteAddress} is laptop-${i}'s`)
      }
    }
  })

  test('tells people apart whose logins begin alike', async () => {
    const [here, elsewhere] = [JSON.parse(await askWhoIAm(0)), JSON.parse(await askWhoIAm(2))]
    assert.equal(here.user.login, 'alice@example.com')
    assert.equal(elsewhere.user.login, 'alice@elsewhere.example')
    assert.notEqual(here.user.id, elsewhere.user.id)
  })

  test('names no person for a tagged device', async () => {
    const robot = JSON.parse(await askWhoIAm(3))
    assert.equal(robot.kind, 'tagged')
    assert.deepEqual(robot.node.tags, ['tag:ci', 'tag:night'])
    assert.equal(robot.user, undefined)
    assert.equal(robot.capMap[capability], undefined) // granted to the login that made the device, not to the device
  })

  test('refuses a peer that the tailnet does not know, unless the listener takes such', async () => {
    assert.equal(await askWhoIAm(4), '')
    const stranger = JSON.parse(await askWhoIAm(4, { port: 7001 }))
    assert.equal(stranger.kind, 'unknown')
    assert.equal(stranger.user, undefined)
    assert.deepEqual(stranger.capMap, {})
  })

  test('is on the socket, with the addresses of the tailnet', async () => {
    const listener = await node.listen({ port: 7002 })
    const accepted = once(listener, 'connection')
    const client = await laptop(0).connect({ host: ips[0] ?? '', port: 7002 })
    const [socket] = await accepted
    assert.equal(socket.remoteAddress, laptop(0).ips[0])
    assert.equal(socket.remoteFamily, 'IPv4')
    assert.equal(socket.remotePort, socket.tailscale.remotePort)
    assert.equal(socket.localAddress, ips[0])
    assert.equal(socket.localPort, 7002)
    assert.deepEqual(listener.address(), { address: ips[0], port: 7002, family: 'IPv4' })
    assert.ok(Object.isFrozen(socket.tailscale))
    client.destroy()
    await listener.close()
  })

  test('can be asked by address, and shares one call among concurrent questions', async () => {
    const address = laptop(1).ips[1] ?? ''
    const all = await Promise.all(Array.from({ length: 100 }, () => node.whoIs(`[${address}]:4711`)))
    assert.equal(all[0]?.user?.login, 'bob@example.com')
    assert.equal(new Set(all).size, 1)
  })

  test('is an error with a code for an address that nobody has, and for a local one', async () => {
    await assert.rejects(node.whoIs('100.64.99.99'), { code: 'ERR_TSNET_PEER_NOT_FOUND' })
    await assert.rejects(node.whoIs('127.0.0.1:80'), { code: 'ERR_TSNET_PEER_NOT_FOUND' })
  })

  test('becomes unknown when the device is taken out of the tailnet', async () => {
    const address = laptop(4).ips[0] ?? ''
    await net.setNode('stranger', { login: 'mallory@example.com' })
    await eventually(() => node.whoIs(address).catch(() => undefined), { withinMs: 2_000, what: 'mallory is known' })
    await net.removeNode('stranger')
    await eventually(
      () =>
        node.whoIs(address).then(
          () => false,
          error => error.code === 'ERR_TSNET_PEER_NOT_FOUND',
        ),
      {
        withinMs: 2_000,
        what: 'mallory is gone',
      },
    )
  })
})
