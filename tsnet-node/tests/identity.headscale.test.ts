import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, suite, test } from 'node:test'
import type { Identity, TailscaleNode, TailscaleSocket } from '../src/index.ts'
import {
  type Headscale,
  type Laptop,
  type LaptopRequest,
  startHeadscale,
  startLaptop,
  startTailscaled,
} from '../src/testing/index.ts'
import { eventually, startNode } from './support.ts'

const capability = 'example.com/cap/door'
/** What Headscale needs to spread a policy. */
const withinMs = 5_000

suite('who is calling, by Headscale', () => {
  let net: Headscale
  let node: TailscaleNode
  let alice: Laptop
  let bob: Laptop
  let robot: Laptop

  before(async () => {
    net = await startHeadscale()
    await net.setUser('alice@example.com', { displayName: 'Alice' })
    node = await startNode(net, { hostname: 'server', authKey: await net.authKey({ tags: ['tag:server'] }) })
    const server = createServer(async (request, response) => {
      const socket = request.socket as TailscaleSocket
      const identity = request.url === '/now' ? await node.reauthorize(socket, { maxAgeMs: 0 }) : socket.tailscale
      response.end(JSON.stringify(identity))
    })
    await node.serve(server, { port: 80 })
    const join = async (hostname: string, key: Parameters<Headscale['authKey']>[0]) =>
      startLaptop({ hostname, controlUrl: net.controlUrl, env: net.env, authKey: await net.authKey(key) })
    ;[alice, bob, robot] = await Promise.all([
      join('alices', { login: 'alice@example.com' }),
      join('bobs', { login: 'bob@example.com' }),
      join('robot', { tags: ['tag:ci', 'tag:night'] }),
    ])
  })
  after(async () => {
    for (const laptop of [alice, bob, robot]) await laptop[Symbol.asyncDispose]()
    await node.close()
    await net[Symbol.asyncDispose]()
  })

  const ask = async (laptop: Laptop, url = 'http://server/', request?: LaptopRequest): Promise<Identity> =>
    JSON.parse((await laptop.request(url, request)).body)
  const doors = async (laptop: Laptop) => (await ask(laptop)).capMap[capability]

  test('is a person with id, login and name, and their device', async () => {
    const joined = (await net.nodes()).find(({ hostname }) => hostname === 'alices')
    for (const ip of (await node.status()).ips) {
      const url = `http://${ip.includes(':') ? `[${ip}]` : ip}/`
      const { kind, user, node, remoteAddress } = await ask(alice, url)
      assert.equal(kind, 'user')
      assert.deepEqual(user, { id: joined?.userId, login: 'alice@example.com', displayName: 'Alice' })
      assert.deepEqual(node, { id: joined?.id, name: `alices.${net.baseDomain}`, tags: [] })
      assert.ok(alice.ips.includes(remoteAddress), remoteAddress)
    }
  })

  test('is somebody else from another device, on connections at once', async () => {
    const all = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i % 2 ? alice : bob)))
    assert.deepEqual(
      all.map(({ user }) => user?.login),
      all.map((_, i) => (i % 2 ? 'alice@example.com' : 'bob@example.com')),
    )
  })

  test('is nobody for a device with tags', async () => {
    const identity = await ask(robot)
    assert.equal(identity.kind, 'tagged')
    assert.equal(identity.user, undefined)
    assert.deepEqual([...(identity.node?.tags ?? [])].sort(), ['tag:ci', 'tag:night'])
  })

  test('brings what a grant gives, to whom it gives it', async () => {
    await net.setGroup('group:keepers', ['alice@example.com'])
    await net.setGrant('person', { src: ['bob@example.com'], dst: ['tag:server'], app: { [capability]: ['bob'] } })
    await net.setGrant('group', { src: ['group:keepers'], dst: ['tag:server'], app: { [capability]: ['keeper'] } })
    await net.setGrant('tag', { src: ['tag:ci'], dst: ['tag:server'], app: { [capability]: [{ nights: true }] } })
    await net.setGrant('elsewhere', { src: ['*'], dst: ['tag:other'], app: { [capability]: ['not here'] } })
    await eventually(() => doors(robot), { withinMs, what: 'granted' })
    assert.deepEqual(await doors(alice), ['keeper'])
    assert.deepEqual(await doors(bob), ['bob'])
    assert.deepEqual(await doors(robot), [{ nights: true }])
    for (const id of ['person', 'group', 'tag', 'elsewhere']) await net.removeGrant(id)
    await eventually(async () => (await doors(bob)) === undefined, { withinMs, what: 'taken back' })
  })

  test('is told by the device’s id too, with what a grant gives now', async () => {
    const { node: device } = await ask(bob)
    const now = () => node.whoIsNode(device?.id ?? '')
    assert.equal((await now()).user?.login, 'bob@example.com')
    await net.setGrant('door', { src: ['bob@example.com'], dst: ['tag:server'], app: { [capability]: ['bob'] } })
    await eventually(async () => (await now()).capMap[capability]?.[0] === 'bob', { withinMs, what: 'granted' })
    await net.removeGrant('door')
    await eventually(async () => (await now()).capMap[capability] === undefined, { withinMs, what: 'taken back' })
  })

  test('is asked anew on a kept-alive connection: a grant, its change and its end arrive within seconds', async () => {
    const agent = alice.agent({ keepAlive: true })
    const ports = new Set<number>()
    const doorsNow = async () => {
      const { capMap, remotePort } = await ask(alice, 'http://server/now', { agent })
      ports.add(remotePort)
      return JSON.stringify(capMap[capability])
    }
    assert.equal(await doorsNow(), undefined)
    for (const role of ['view', 'edit']) {
      await net.setGrant('door', { src: ['alice@example.com'], dst: ['tag:server'], app: { [capability]: [{ role }] } })
      await eventually(async () => (await doorsNow()) === `[{"role":"${role}"}]`, { withinMs, what: role })
    }
    await net.removeGrant('door')
    await eventually(async () => (await doorsNow()) === undefined, { withinMs, what: 'grant gone' })
    assert.equal(ports.size, 1) // one connection all along
    agent.destroy()
  })

  test('keeps its grants under a policy that Headscale refuses', async () => {
    await net.setGrant('door', { src: ['alice@example.com'], dst: ['tag:server'], app: { [capability]: [1] } })
    await eventually(() => doors(alice), { withinMs, what: 'granted' })
    await assert.rejects(net.setGrant('broken', { src: ['group:nobody'], dst: ['*'], ip: true }), /group:nobody/)
    await net.setGrant('other', { src: ['bob@example.com'], dst: ['tag:server'], app: { [capability]: [2] } })
    await eventually(() => doors(bob), { withinMs, what: 'the next change is taken' })
    assert.deepEqual(await doors(alice), [1])
    await net.removeGrant('other')
    await net.removeGrant('door')
  })

  test('stays open but without capability when the policy closes the network', async () => {
    await net.setGrant('door', { src: ['alice@example.com'], dst: ['tag:server'], app: { [capability]: [1] } })
    await eventually(() => doors(alice), { withinMs, what: 'granted' })
    const accepted = once(await node.listen({ port: 7000 }), 'connection')
    const client = await alice.connect({ host: 'server', port: 7000 })
    const [socket]: [TailscaleSocket] = (await accepted) as [TailscaleSocket]
    await net.removeGrant('default')
    await net.removeGrant('door')
    const now = async () => {
      const identity = await node.reauthorize(socket, { maxAgeMs: 0 }).catch(() => undefined)
      return identity === undefined || identity.capMap[capability] === undefined
    }
    await eventually(now, { withinMs, what: 'nothing is granted any more' })
    client.destroy()
    await net.setGrant('default', { src: ['*'], dst: ['*'], ip: true })
    await eventually(() => ask(alice).catch(() => undefined), { withinMs, what: 'open again' })
  })

  test('is known behind a real tailscaled, by MagicDNS name through its SOCKS5 proxy', async () => {
    await using daemon = await startTailscaled({
      hostname: 'carols',
      controlUrl: net.controlUrl,
      env: net.env,
      authKey: await net.authKey({ login: 'carol@example.com' }),
    })
    for (const url of ['http://server/', `http://server.${net.baseDomain}/`]) {
      const { kind, user, node, remoteAddress } = await ask(daemon, url)
      assert.equal(kind, 'user')
      assert.equal(user?.login, 'carol@example.com')
      assert.equal(node?.name, `carols.${net.baseDomain}`)
      assert.ok(daemon.ips.includes(remoteAddress))
    }
  })
})
