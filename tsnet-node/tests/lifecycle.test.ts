import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { after, before, suite, test } from 'node:test'
import type { TailscaleNode, TailscaleSocket } from '../src/index.ts'
import { type Laptop, startLaptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { type SmallTailnet, startSmallTailnet } from './small-tailnet.ts'
import { eventually, isAlive, makeNode, rejection, startNode } from './support.ts'

const privateDirs = () => readdirSync(tmpdir()).filter(name => name.startsWith(`tsnet-node-${process.pid}-`))

suite('the life of a node', () => {
  let net: Testnet
  before(async () => {
    net = await startTestnet()
  })
  after(() => net[Symbol.asyncDispose]())

  test('begins and ends ten times without a leaked descriptor, process or directory', async () => {
    const descriptors = () => readdirSync('/proc/self/fd').length
    const pids: number[] = []
    const cycle = async () => {
      await using node = await startNode(net, { hostname: 'cycle' })
      pids.push(node.helperPid ?? 0)
      const listener = await node.listen({ port: 7000 })
      await listener.close()
    }
    await cycle() // whatever is opened once
    const before = descriptors()
    for (let i = 0; i < 10; i++) await cycle()
    assert.deepEqual(pids.filter(isAlive), [])
    assert.deepEqual(privateDirs(), [])
    await eventually(() => descriptors() <= before, { withinMs: 1_000, what: `${before} descriptors again` })
  })

  test('can be cut short while it begins, and begun again', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    assert.ok(address && typeof address === 'object')
    await using node = makeNode(net, { hostname: 'cut-short', controlUrl: `http://127.0.0.1:${address.port}` })
    for (const attempt of [1, 2]) {
      const began = performance.now()
      const error = await rejection(node.up({ signal: AbortSignal.timeout(300) }))
      assert.equal(error.name, 'TimeoutError', `attempt ${attempt}`)
      assert.ok(performance.now() - began < 4_500)
      assert.equal(node.helperPid, undefined)
      assert.deepEqual(privateDirs(), [])
    }
    silent.close()
  })

  test('can be cut short while its owner’s store does not answer', async () => {
    const stateStore = { read: () => new Promise<undefined>(() => {}), write: async () => {} }
    await using node = makeNode(net, { hostname: 'cut-short', stateStore })
    const began = performance.now()
    assert.equal((await rejection(node.up({ signal: AbortSignal.timeout(300) }))).name, 'TimeoutError')
    assert.ok(performance.now() - began < 4_500)
    assert.equal(node.helperPid, undefined)
    assert.deepEqual(privateDirs(), [])
  })

  test('is not begun with a signal that is aborted already', async () => {
    await using node = makeNode(net, { hostname: 'never' })
    assert.equal((await rejection(node.up({ signal: AbortSignal.abort() }))).name, 'AbortError')
  })

  test('ends while it begins', async () => {
    const node = makeNode(net, { hostname: 'ends-early' })
    const up = rejection(node.up())
    await once(node, 'state')
    await node.close()
    assert.equal((await up).code, 'ERR_TSNET_CLOSED')
    assert.deepEqual(privateDirs(), [])
  })

  test('ends once, and refuses everything after', async () => {
    const node = await startNode(net, { hostname: 'once' })
    const listener = await node.listen({ port: 80 })
    const listenerClosed = once(listener, 'close')
    await Promise.all([node.close(), node.close()])
    await listenerClosed
    assert.equal(node.state, 'Closed')
    for (const call of [node.up(), node.status(), node.whoIs('100.64.0.1'), node.listen({ port: 81 })]) {
      assert.equal((await rejection(call)).code, 'ERR_TSNET_CLOSED')
    }
  })

  test('has to begin before anything else', async () => {
    await using node = makeNode(net, { hostname: 'not-up' })
    for (const call of [node.status(), node.whoIs('100.64.0.1'), node.listen({ port: 80 })]) {
      assert.equal((await rejection(call)).code, 'ERR_TSNET_NOT_UP')
    }
  })

  test('has each port once, until its listener closes', async () => {
    await using node = await startNode(net, { hostname: 'ports' })
    const listener = await node.listen({ port: 80 })
    assert.equal((await rejection(node.listen({ port: 80 }))).code, 'ERR_TSNET_PORT_IN_USE')
    assert.equal((await rejection(node.listen({ port: 0 }))).code, 'ERR_TSNET_OPTIONS')
    await listener.close()
    await node.listen({ port: 80 })
  })

  test('is independent of another node in the same process', async () => {
    await using one = await startNode(net, { hostname: 'one' })
    await using other = await startNode(net, { hostname: 'other' })
    for (const node of [one, other]) {
      const listener = await node.listen({ port: 80 })
      listener.on('connection', async socket => socket.end((await node.status()).name))
    }
    await using laptop = await startLaptop({ hostname: 'visitor', controlUrl: net.controlUrl })
    const ask = async (host: string) => {
      const signal = AbortSignal.timeout(15_000) // WireGuard repeats a first handshake that came too early after 5 s
      const socket = await laptop.connect({ host, port: 80 }, { signal })
      return Buffer.concat(await socket.toArray()).toString()
    }
    assert.deepEqual(await Promise.all([ask('one'), ask('other')]), [
      'one.tail-scale.ts.net',
      'other.tail-scale.ts.net',
    ])
    assert.equal(await one.close(), undefined)
    assert.equal(await ask('other'), 'other.tail-scale.ts.net')
  })
})

suite('many connections', () => {
  let laptop: Laptop
  let tailnet: SmallTailnet
  let node: TailscaleNode
  before(async () => {
    tailnet = await startSmallTailnet()
    ;({ node, laptop } = tailnet)
  })
  after(() => tailnet[Symbol.asyncDispose]())

  test('that the server closes first, 4 000 of them, never leave the client waiting for seconds', async () => {
    const host = (await node.status()).ips[0] ?? ''
    await using listener = await node.listen({ port: 7001 })
    listener.on('connection', socket => socket.end('bye'))
    const hung: number[] = []
    const signal = () => AbortSignal.timeout(2_900) // a second lost SYN would be tried again after 3 s
    const worker = async () => {
      for (let i = 0; i < 200; i++) {
        const socket = await laptop.connect({ host, port: 7001 }, { signal: signal() }).catch(() => undefined)
        const said = socket && Buffer.concat(await socket.toArray({ signal: signal() })).toString()
        if (said !== 'bye') hung.push(i)
      }
    }
    await Promise.all(Array.from({ length: 20 }, worker))
    assert.deepEqual(hung, [])
  })

  test('are all answered after the event loop was blocked', async () => {
    const host = (await node.status()).ips[0] ?? ''
    await using listener = await node.listen({ port: 7002 })
    listener.on('connection', (socket: TailscaleSocket) => socket.end('here'))
    const sockets = Promise.all(Array.from({ length: 200 }, () => laptop.connect({ host, port: 7002 })))
    await once(listener, 'connection')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
    const answers = await Promise.all((await sockets).map(async socket => Buffer.concat(await socket.toArray())))
    assert.equal(answers.filter(answer => answer.toString() === 'here').length, 200)
  })

  test('that their clients break off at once leave nothing open', async () => {
    const host = (await node.status()).ips[0] ?? ''
    const { helperPid } = node
    await using listener = await node.listen({ port: 7004 })
    const descriptors = () => readdirSync('/proc/self/fd').length + readdirSync(`/proc/${helperPid}/fd`).length
    const before = descriptors()
    let open = 0
    let seen = 0
    listener.on('connection', socket => {
      seen++
      open++
      socket.on('error', () => {}).on('close', () => open--)
      socket.write(Buffer.alloc(1 << 16)) // nobody reads it: the client's close is a reset
    })
    const breaker = async () => {
      for (let i = 0; i < 25; i++) (await laptop.connect({ host, port: 7004 })).resetAndDestroy()
    }
    await Promise.all(Array.from({ length: 20 }, breaker))
    const gone = () => open === 0 && descriptors() <= before
    await eventually(gone, { withinMs: 10_000, what: `no connection and ${before} descriptors` })
    assert.ok(seen > 0, 'at least some got as far as this')
    assert.equal(node.helperPid, helperPid)
  })

  test('do not hold up close, not even 1 000 open ones', async () => {
    const host = (await node.status()).ips[0] ?? ''
    const listener = await node.listen({ port: 7003 })
    let open = 0
    listener.on('connection', () => open++)
    const clients = []
    for (let batch = 0; batch < 10; batch++) {
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => laptop.connect({ host, port: 7003 })))))
    }
    for (const client of clients) client.on('error', () => {})
    await eventually(() => open === 1_000, { withinMs: 10_000, what: '1 000 connections' })
    const began = performance.now()
    await node.close()
    const took = performance.now() - began
    assert.ok(took < 3_000, `closed in ${took} ms`)
    assert.deepEqual(privateDirs(), [])
    for (const client of clients) client.destroy()
  })
})
