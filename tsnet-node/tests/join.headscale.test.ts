import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import type { TailscaleNode } from '../src/index.ts'
import { freeUdpPort } from '../src/testing/free-port.ts'
import { type Headscale, startHeadscale, startLaptop } from '../src/testing/index.ts'
import { eventually, isAlive, makeNode, rejection, startNode } from './support.ts'

const signal = () => AbortSignal.timeout(10_000)

suite('joining Headscale', () => {
  let net: Headscale
  before(async () => {
    net = await startHeadscale()
  })
  after(() => net[Symbol.asyncDispose]())

  const keyOf = (login: string) => net.authKey({ login })
  const laptopOf = async (hostname: string, login: string) =>
    startLaptop({ hostname, controlUrl: net.controlUrl, env: net.env, authKey: await keyOf(login) })

  test('works with a pre-auth key', async () => {
    await using node = await startNode(net, { hostname: 'with-key', authKey: await keyOf('alice@example.com') })
    const status = await node.status()
    assert.equal(status.state, 'Running')
    assert.equal(status.name, `with-key.${net.baseDomain}`)
    const joined = (await net.nodes()).find(({ id }) => id === status.id)
    assert.equal(joined?.login, 'alice@example.com')
    assert.deepEqual(joined?.ips, status.ips)
  })

  test('with a key that is no key, is over or was used is an error with a code, in seconds, without the key', async () => {
    const used = await keyOf('alice@example.com')
    await using _ = await startNode(net, { hostname: 'first', authKey: used })
    const bad = {
      invented: 'hskey-auth-0123456789ab-0123456789abcdef0123456789abcdef',
      over: await net.authKey({ login: 'alice@example.com', expiresInMs: -1_000 }),
      used,
    }
    for (const [hostname, authKey] of Object.entries(bad)) {
      await using node = makeNode(net, { hostname, authKey })
      const began = performance.now()
      const error = await rejection(node.up({ signal: signal() }))
      assert.equal(error.code, 'ERR_TSNET_AUTH', hostname)
      assert.ok(!error.message.includes(authKey), `${hostname}: ${error.message}`)
      assert.ok(performance.now() - began < 5_000, hostname)
    }
  })

  test('without a key or a person is an error with a code', async () => {
    await using node = makeNode(net, { hostname: 'alone' })
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_NEEDS_LOGIN')
  })

  test('by a person waits for the URL to be opened', async () => {
    await using node = makeNode(net, { hostname: 'by-hand', interactive: true })
    const asked = once(node, 'authUrl', { signal: signal() })
    const up = node.up({ signal: signal() })
    const [url] = await asked
    await net.completeLogin(url, 'alice@example.com')
    assert.equal((await up).state, 'Running')
  })

  test('again with the owner’s state is the same node, without a key', async () => {
    const values = new Map<string, Uint8Array>()
    const stateStore = {
      read: async (key: string) => values.get(key),
      write: async (key: string, value: Uint8Array) => void values.set(key, value),
    }
    // A node that comes back on another port is found by its peers only after about 10 s.
    const options = { hostname: 'kept', stateStore, port: await freeUdpPort() }
    const serve = async (node: TailscaleNode) => {
      const listener = await node.listen({ port: 7 })
      listener.on('connection', socket => socket.end(socket.tailscale.user?.login ?? ''))
      const { id, name, ips } = await node.status()
      return { id, name, ips }
    }

    const first = await startNode(net, { ...options, authKey: await keyOf('alice@example.com') })
    const before = await serve(first)
    await using laptop = await laptopOf('visitor', 'bob@example.com')
    const ask = async () => text(await laptop.connect({ host: 'kept', port: 7 }, { signal: signal() }))
    assert.equal(await ask(), 'bob@example.com')
    await first.close()

    await using second = await startNode(net, options)
    assert.deepEqual(await serve(second), before)
    assert.equal(await ask(), 'bob@example.com')
  })

  test('with an ephemeral key leaves nothing behind', async () => {
    const authKey = await net.authKey({ login: 'alice@example.com', ephemeral: true })
    const node = await startNode(net, { hostname: 'passing', authKey })
    await node.close()
    const isGone = async () => !(await net.nodes()).some(({ hostname }) => hostname === 'passing')
    await eventually(isGone, { withinMs: 5_000, what: 'passing is gone' })
  })

  test('survives a crash of the helper as the same node', async () => {
    await using node = await startNode(net, { hostname: 'crashing', authKey: await keyOf('alice@example.com') })
    const { id } = await node.status()
    const restarted = once(node, 'restarted', { signal: signal() })
    const pid = node.helperPid ?? 0
    process.kill(pid, 'SIGKILL')
    await restarted
    assert.equal((await node.status()).id, id)
    assert.equal(isAlive(pid), false)
  })

  test('ends when the key expires, which the node tells, and begins again with the same auth key', async () => {
    const authKey = await net.authKey({ login: 'alice@example.com', reusable: true })
    await using node = await startNode(net, { hostname: 'expiring', authKey })
    const { id } = await node.status()
    const expiring = once(node, 'keyExpiry', { signal: signal() })
    await net.expireNode('expiring')
    await eventually(() => node.state === 'NeedsLogin', { withinMs: 5_000, what: 'NeedsLogin' })
    const [expiresAt] = await expiring
    assert.ok(Math.abs(expiresAt - Date.now()) < 60_000, String(expiresAt))
    const again = await node.up({ signal: signal() })
    assert.deepEqual([again.state, again.id], ['Running', id])
  })

  test('ends at logout, and does not come back with a key that was used', async () => {
    await using node = await startNode(net, { hostname: 'leaver', authKey: await keyOf('alice@example.com') })
    await node.logout({ signal: signal() })
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_AUTH')
  })

  test('gives no certificates: listening with TLS says so, and the rest goes on', async () => {
    await using node = await startNode(net, { hostname: 'plain', authKey: await keyOf('alice@example.com') })
    assert.deepEqual((await node.status()).certDomains, [])
    assert.equal((await rejection(node.listen({ port: 443, tls: true }))).code, 'ERR_TSNET_CERT')
    const listener = await node.listen({ port: 80 })
    listener.on('connection', socket => socket.end('hello'))
    await using laptop = await laptopOf('caller', 'bob@example.com')
    assert.equal(await text(await laptop.connect({ host: 'plain', port: 80 }, { signal: signal() })), 'hello')
  })
})
