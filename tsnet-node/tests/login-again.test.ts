import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import type { TailscaleNode } from '../src/index.ts'
import { startTestnet } from '../src/testing/index.ts'
import { eventually, makeNode, rejection, startNode } from './support.ts'

const signal = () => AbortSignal.timeout(10_000)

suite('a node that has lost its login', () => {
  test('by logout is another node once it is up again, with the same listeners', async () => {
    await using net = await startTestnet()
    await using node = await startNode(net, { hostname: 'leaver' })
    await using peer = await startNode(net, { hostname: 'peer' })
    const { id, ips } = await node.status()
    const listener = await node.listen({ port: 7000 })
    listener.on('connection', socket => socket.end('here'))
    assert.equal((await peer.whoIs(ips[0] ?? '')).node.id, id)

    await node.logout({ signal: signal() })
    assert.equal(node.state, 'NeedsLogin')
    assert.equal(node.helperPid, undefined)
    assert.equal((await rejection(node.status())).code, 'ERR_TSNET_NOT_UP')

    const again = await node.up({ signal: signal() })
    assert.notEqual(again.id, id)
    const socket = await peer.dial({ host: again.ips[0] ?? '', port: 7000, signal: signal() })
    assert.equal(await text(socket), 'here')
    assert.equal((await rejection(peer.whoIs(ips[0] ?? ''))).code, 'ERR_TSNET_PEER_NOT_FOUND')
  })

  test('by the end of its key hears of it, and is the same node once it is up again', async () => {
    await using net = await startTestnet({ authKey: 'tskey-right' })
    await using node = await startNode(net, { hostname: 'expiring', authKey: 'tskey-right' })
    const { helperPid: pid } = node
    const { id, keyExpiresAt } = await node.status()
    assert.equal(keyExpiresAt, undefined)
    const told: (number | undefined)[] = []
    node.on('keyExpiry', expiresAt => told.push(expiresAt))
    const expiryTold = async (isWanted: (expiresAt: number | undefined) => boolean) => {
      await eventually(() => told.some(isWanted), { withinMs: 5_000, what: 'the key’s expiry' })
      return told.findLast(isWanted)
    }
    const inAnHour = Date.now() + 3_600_000
    await net.expireNode('expiring', { inMs: 3_600_000 })
    const expiresAt = await expiryTold(at => at !== undefined && Math.abs(at - inAnHour) < 5_000)
    assert.equal((await node.status()).keyExpiresAt, expiresAt)
    assert.equal(node.state, 'Running')

    const expired = eventually(() => node.state === 'NeedsLogin', { withinMs: 5_000, what: 'NeedsLogin' })
    await net.expireNode('expiring')
    await expired
    const back = await node.up({ signal: signal() })
    assert.equal(back.state, 'Running')
    assert.equal(back.id, id)
    assert.equal(node.helperPid, pid)
    told.length = 0
    await net.expireNode('expiring', { inMs: 7_200_000 })
    await expiryTold(at => at !== undefined && at > inAnHour)
  })

  test('by the end of its key waits for a person, or is told in seconds that it needs one', async () => {
    await using net = await startTestnet({ requireLogin: true })
    const stateDir = await mkdtemp(join(tmpdir(), 'login-again-'))
    const options = { hostname: 'by-hand', stateDir }
    const expire = async (node: TailscaleNode) => {
      await net.expireNode('by-hand')
      await eventually(() => node.state === 'NeedsLogin', { withinMs: 5_000, what: 'NeedsLogin' })
    }
    {
      await using node = makeNode(net, { ...options, interactive: true })
      node.on('authUrl', url => void net.completeLogin(url))
      const { id } = await node.up({ signal: signal() })
      await expire(node)
      assert.equal((await node.up({ signal: signal() })).id, id)
    }
    await using node = await startNode(net, options) // the key is good
    await expire(node)
    const began = performance.now()
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_NEEDS_LOGIN')
    assert.ok(performance.now() - began < 5_000)
    await node.close()
    await rm(stateDir, { recursive: true })
  })
})
