import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, unlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { TailscaleNode } from '../src/index.ts'
import { locateHelper } from '../src/locate-helper.ts'
import { freeUdpPort } from '../src/testing/free-port.ts'
import { type Laptop, startLaptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { eventually, isAlive, rejection, startNode } from './support.ts'

suite('a node that starts again', () => {
  let net: Testnet
  let laptop: Laptop
  let dir: string
  before(async () => {
    net = await startTestnet()
    laptop = await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl })
    dir = await mkdtemp(join(tmpdir(), 'restart-'))
  })
  after(async () => {
    await laptop[Symbol.asyncDispose]()
    await net[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })

  const serve = (node: TailscaleNode) =>
    node.serve(
      createServer((_, response) => response.end('hello')),
      { port: 80 },
    )
  const ask = async () => (await laptop.request('http://server/', { signal: AbortSignal.timeout(10_000) })).body

  test('is reached by its old clients at once, on the same port with the same state', async () => {
    const options = { hostname: 'server', stateDir: join(dir, 'same'), port: await freeUdpPort() }
    const took: number[] = []
    for (let start = 0; start < 5; start++) {
      await using node = await startNode(net, options)
      await serve(node)
      const began = performance.now()
      await eventually(() => ask().catch(() => undefined), { withinMs: 12_000, what: 'reached' })
      took.push(performance.now() - began)
    }
    // On another port each of them takes 10 s; a message of WireGuard's handshake that is lost costs 5 s.
    assert.ok(took.filter(ms => ms < 3_000).length >= 4, `reached after ${took} ms`)
  })

  test('tries again and again, ever more slowly, until its helper starts', async () => {
    const helperPath = join(dir, 'helper')
    const leadTo = async (program: string) => {
      await unlink(helperPath).catch(() => {})
      await symlink(program, helperPath)
    }
    await leadTo(locateHelper())
    await using node = await startNode(net, { hostname: 'stubborn', helperPath })
    const { id } = await node.status()
    const listener = await node.listen({ port: 7000 })
    listener.on('connection', socket => socket.end('hello'))

    const failures: { readonly code: string; readonly at: number }[] = []
    node.on('restartFailed', ({ code }) => failures.push({ code, at: performance.now() }))
    await leadTo('/bin/false')
    process.kill(node.helperPid ?? 0, 'SIGKILL')
    await eventually(() => failures.length === 4, { withinMs: 20_000, what: 'four attempts' })
    assert.deepEqual(new Set(failures.map(({ code }) => code)), new Set(['ERR_TSNET_HELPER_EXITED']))
    assert.ok(failures.every(({ at }, i) => i === 0 || at - (failures[i - 1]?.at ?? 0) >= 100 * 2 ** (i - 1) - 10))
    assert.equal(node.state, 'Restarting')
    assert.equal((await rejection(node.status())).code, 'ERR_TSNET_HELPER_EXITED')

    await leadTo(locateHelper())
    await once(node, 'restarted', { signal: AbortSignal.timeout(20_000) })
    assert.equal((await node.status()).id, id)
    const connect = () => laptop.connect({ host: 'stubborn', port: 7000 }).catch(() => undefined)
    const socket = await eventually(connect, { withinMs: 12_000, what: 'reached again' })
    assert.equal(Buffer.concat(await socket.toArray()).toString(), 'hello')
  })

  test('can be closed while it does', async () => {
    await using node = await startNode(net, { hostname: 'given-up' })
    const exited = once(node, 'helperExit')
    const { helperPid = 0 } = node
    process.kill(helperPid, 'SIGKILL')
    await exited
    await node.close()
    assert.equal(node.state, 'Closed')
    assert.equal(node.helperPid, undefined)
    assert.equal(isAlive(helperPid), false)
  })
})
