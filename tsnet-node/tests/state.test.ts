import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import type { StateStore } from '../src/index.ts'
import { startTestnet, type Testnet } from '../src/testing/index.ts'
import { eventually, makeNode, rejection, startNode } from './support.ts'

suite('the state of a node', () => {
  let net: Testnet
  let dir: string
  before(async () => {
    net = await startTestnet()
    dir = await mkdtemp(join(tmpdir(), 'state-'))
  })
  after(async () => {
    await net[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })

  interface Recorded extends StateStore {
    readonly values: Map<string, Uint8Array>
    readonly overlaps: number
    readonly writing: number
  }

  function recordingStore(): Recorded {
    const values = new Map<string, Uint8Array>()
    const store = {
      values,
      overlaps: 0,
      writing: 0,
      read: async (key: string) => values.get(key),
      write: async (key: string, value: Uint8Array) => {
        if (++store.writing > 1) store.overlaps++
        for (let i = 0; i < 5; i++) await tick()
        values.set(key, value)
        store.writing--
      },
    }
    return store
  }

  test('in a directory keeps the identity, in a directory for nobody else', async () => {
    const stateDir = join(dir, 'made', 'here')
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      await using node = await startNode(net, { hostname: 'in-dir', stateDir })
      ids.push((await node.status()).id)
    }
    assert.equal(ids[0], ids[1])
    assert.equal((await stat(stateDir)).mode & 0o777, 0o700)
  })

  test('in a directory that another node uses is refused, until that one ends', async () => {
    const stateDir = join(dir, 'locked')
    const first = await startNode(net, { hostname: 'first', stateDir })
    await using second = makeNode(net, { hostname: 'second', stateDir })
    assert.equal((await rejection(second.up())).code, 'ERR_TSNET_STATE_LOCKED')
    await first.close()
    await second.up({ signal: AbortSignal.timeout(20_000) })
  })

  test('with the owner keeps the identity', async () => {
    const stateStore = recordingStore()
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      await using node = await startNode(net, { hostname: 'with-owner', stateStore })
      ids.push((await node.status()).id)
    }
    assert.equal(ids[0], ids[1])
    assert.ok(stateStore.values.has('_machinekey'))
    const size = [...stateStore.values.values()].reduce((sum, { length }) => sum + length, 0)
    assert.ok(size < 64 * 1024, `${size} bytes fit into a Secret`)
  })

  test('is written one value at a time, and all of it before the node is up', async () => {
    const stateStore = recordingStore()
    await using node = await startNode(net, { hostname: 'in-order', stateStore })
    assert.equal(stateStore.writing, 0)
    assert.equal(stateStore.overlaps, 0)
    const copy = new Map(stateStore.values)
    await node.close()
    await using again = await startNode(net, {
      hostname: 'in-order',
      stateStore: { read: async key => copy.get(key), write: async (key, value) => void copy.set(key, value) },
    })
    const joined = (await net.nodes()).filter(({ hostname }) => hostname === 'in-order')
    assert.equal(joined.length, 1, 'no second node was made of what was there when the first was up')
    assert.equal((await again.status()).id, joined[0]?.id)
  })

  test('that cannot be read is an error with a code', async () => {
    const stateStore = { ...recordingStore(), read: () => Promise.reject(new Error('the Secret is gone')) }
    await using node = makeNode(net, { hostname: 'no-read', stateStore })
    const error = await rejection(node.up({ signal: AbortSignal.timeout(10_000) }))
    assert.equal(error.code, 'ERR_TSNET_STATE_STORE')
    assert.match(error.message, /the Secret is gone/)
  })

  test('that cannot be written is an error with a code, and an event', async () => {
    const stateStore = { ...recordingStore(), write: () => Promise.reject(new Error('403')) }
    await using node = makeNode(net, { hostname: 'no-write', stateStore })
    const failures: string[] = []
    node.on('storeFailed', ({ code }) => failures.push(code))
    const error = await rejection(node.up({ signal: AbortSignal.timeout(10_000) }))
    assert.equal(error.code, 'ERR_TSNET_STATE_STORE')
    assert.ok(failures.length > 0)
  })

  test('that stops being written on the way is an error with a code, in seconds', async () => {
    const store = recordingStore()
    const write = async (key: string, value: Uint8Array) => {
      if (key !== '_machinekey') throw new Error(`no room for ${key}`)
      await store.write(key, value)
    }
    await using node = makeNode(net, { hostname: 'half-written', stateStore: { ...store, write } })
    const error = await rejection(node.up({ signal: AbortSignal.timeout(10_000) }))
    assert.equal(error.code, 'ERR_TSNET_STATE_STORE')
    assert.match(error.message, /no room for/)
  })

  test('that could not be written for a while is written once the node is to be up again', async () => {
    const store = recordingStore()
    let away = false
    const reach = () => {
      if (away) throw new Error('the database is away')
      return store
    }
    const stateStore: StateStore = {
      read: async key => reach().read(key),
      write: async (key, value) => reach().write(key, value),
    }
    await using node = await startNode(net, { hostname: 'written-late', stateStore })
    const { helperPid } = node
    const { id } = await node.status()
    away = true
    await net.expireNode('written-late')
    await eventually(() => node.state === 'NeedsLogin', { withinMs: 10_000, what: 'NeedsLogin' })
    const signal = () => AbortSignal.timeout(10_000)
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_STATE_STORE')
    away = false
    assert.equal((await node.up({ signal: signal() })).id, id)
    assert.equal(node.helperPid, helperPid)
    await node.close()
    await using again = await startNode(net, { hostname: 'written-late', stateStore: store })
    assert.equal((await again.status()).id, id)
    assert.equal((await net.nodes()).filter(({ hostname }) => hostname === 'written-late').length, 1)
  })
})
