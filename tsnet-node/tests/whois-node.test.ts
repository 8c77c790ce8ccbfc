import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { TailscaleNode } from '../src/index.ts'
import { type Laptop, startLaptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { eventually, rejection, startNode } from './support.ts'

suite('who has the node with a stable id', () => {
  let net: Testnet
  let node: TailscaleNode
  let laptop: Laptop
  const idOf = async (hostname: string) => (await net.nodes()).find(joined => joined.hostname === hostname)?.id ?? ''
  before(async () => {
    net = await startTestnet()
    await net.setNode('laptop', { login: 'alice@example.com', displayName: 'Alice' })
    node = await startNode(net, { hostname: 'server' })
    laptop = await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl })
  })
  after(async () => {
    await laptop[Symbol.asyncDispose]()
    await node.close()
    await net[Symbol.asyncDispose]()
  })

  test('is told without a connection, with its capabilities of now', async () => {
    const id = await idOf('laptop')
    const before = await node.whoIsNode(id)
    assert.equal(before.user?.login, 'alice@example.com')
    assert.equal(before.node.id, id)
    assert.equal(before.remoteAddress, laptop.ips[0])
    assert.deepEqual(before.capMap, {})
    await net.setGrant('door', {
      src: ['alice@example.com'],
      dst: ['host:server'],
      app: { 'x.test/cap/door': [{ open: true }] },
    })
    const granted = async () => (await node.whoIsNode(id)).capMap['x.test/cap/door']
    assert.deepEqual(await eventually(granted, { withinMs: 2_000, what: 'the grant' }), [{ open: true }])
    await net.removeGrant('door')
    await eventually(async () => !(await granted()), { withinMs: 2_000, what: 'the grant’s end' })
  })

  test('is nobody once the node has left the tailnet', async () => {
    await using first = await startLaptop({ hostname: 'mover', controlUrl: net.controlUrl })
    const id = await idOf('mover')
    assert.equal((await node.whoIsNode(id)).remoteAddress, first.ips[0])
    await net.removeNode('mover')
    const gone = () =>
      node.whoIsNode(id).then(
        () => false,
        error => error.code === 'ERR_TSNET_PEER_NOT_FOUND',
      )
    await eventually(gone, { withinMs: 5_000, what: 'gone' })
  })

  test('is told while it is offline', async () => {
    const gone = await startLaptop({ hostname: 'gone', controlUrl: net.controlUrl })
    const id = await idOf('gone')
    await gone[Symbol.asyncDispose]()
    const isOffline = async () => (await net.nodes()).some(({ hostname, online }) => hostname === 'gone' && !online)
    await eventually(isOffline, { withinMs: 10_000, what: 'gone is offline' })
    assert.equal((await node.whoIsNode(id)).user?.login, 'gone@example.com')
  })

  test('of a node that came later is found too', async () => {
    await using tagged = await startLaptop({ hostname: 'ci', controlUrl: net.controlUrl })
    await net.setNode('ci', { tags: ['tag:ci'] })
    const id = await idOf('ci')
    const seen = await eventually(
      () =>
        node.whoIsNode(id).then(
          identity => identity.kind === 'tagged' && identity,
          () => false as const,
        ),
      { withinMs: 5_000, what: 'the tagged node' },
    )
    assert.deepEqual(seen.node.tags, ['tag:ci'])
    assert.equal(seen.remoteAddress, tagged.ips[0])
  })

  test('is an error with a code for an id that nobody has, and stops at an abort', async () => {
    assert.equal((await rejection(node.whoIsNode('nobody'))).code, 'ERR_TSNET_PEER_NOT_FOUND')
    const aborted = await rejection(node.whoIsNode(await idOf('laptop'), { signal: AbortSignal.abort() }))
    assert.equal(aborted.name, 'AbortError')
  })
})
