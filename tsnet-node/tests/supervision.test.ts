import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TailscaleNode } from '../src/index.ts'
import { type Laptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { startLineProcess } from '../src/testing/line-process.ts'
import { type SmallTailnet, startSmallTailnet } from './small-tailnet.ts'
import { eventually, isAlive, rejection } from './support.ts'

suite('a helper that dies', () => {
  let net: Testnet
  let tailnet: SmallTailnet
  let node: TailscaleNode
  let laptop: Laptop

  before(async () => {
    tailnet = await startSmallTailnet()
    ;({ net, node, laptop } = tailnet)
    const server = http.createServer((_, response) => response.end('hello'))
    await node.serve(server, { port: 80 })
  })
  after(() => tailnet[Symbol.asyncDispose]())

  const kill = (pid: number | undefined, signal: NodeJS.Signals) => {
    assert.ok(pid)
    process.kill(pid, signal)
  }

  /** Resolves once every thread has stopped: until then one may still answer. */
  const stop = async (pid: number | undefined) => {
    kill(pid, 'SIGSTOP')
    const stopped = (thread: string) => / T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))
    await eventually(() => readdirSync(`/proc/${pid}/task`).every(stopped), { withinMs: 5_000, what: 'stopped' })
  }

  test('comes back with the same identity, the same listeners and to the same peers', async () => {
    const before = await node.status()
    assert.equal((await laptop.request('http://server/')).body, 'hello')
    for (const crash of [1, 2]) {
      const back = once(node, 'restarted', { signal: AbortSignal.timeout(10_000) })
      const exited = once(node, 'helperExit')
      kill(node.helperPid, 'SIGKILL')
      assert.deepEqual(await exited, [{ code: undefined, signal: 'SIGKILL' }])
      await back
      const status = await node.status()
      assert.equal(status.id, before.id, `crash ${crash}`)
      assert.deepEqual(status.ips, before.ips)
      // At once; but WireGuard repeats a handshake message that was lost in the crash only after 5 s.
      const reached = () => laptop.request('http://server/').catch(() => undefined)
      const answer = await eventually(reached, { withinMs: 12_000, what: 'reached again' })
      assert.equal(answer.body, 'hello')
      const dirs = readdirSync(tmpdir()).filter(name => name.startsWith(`tsnet-node-${process.pid}-`))
      assert.equal(dirs.length, 1, 'the directory of the helper that died is gone')
    }
  })

  test('says what it crashed of, before everything that it did at the time', async () => {
    const exited = once(node, 'helperExit', { signal: AbortSignal.timeout(10_000) })
    const back = once(node, 'restarted', { signal: AbortSignal.timeout(20_000) })
    kill(node.helperPid, 'SIGABRT')
    assert.deepEqual(await exited, [{ code: 2, signal: undefined, reason: 'SIGABRT: abort' }])
    await back
  })

  test('resets its connections and rejects what waits', async () => {
    const listener = await node.listen({ port: 7000 })
    const accepted = once(listener, 'connection')
    const client = await laptop.connect({ host: 'server', port: 7000 })
    const [socket] = (await accepted) as [Socket]
    const ended = rejection(once(socket, 'end'))
    const back = once(node, 'restarted')
    const peer = laptop.ips[0] ?? ''
    await stop(node.helperPid) // so that the question is on its way when the helper dies
    const waiting = [
      node.whoIs(peer, { maxAgeMs: 0 }),
      node.status(),
      node.dial({ host: 'laptop', port: 80 }),
      node.listen({ port: 7001 }),
      node.certPair('server.tail-scale.ts.net'),
    ].map(rejection)
    kill(node.helperPid, 'SIGKILL')
    for (const { code } of await Promise.all(waiting)) assert.equal(code, 'ERR_TSNET_HELPER_EXITED')
    assert.equal((await rejection(node.whoIs(peer, { maxAgeMs: 0 }))).code, 'ERR_TSNET_HELPER_EXITED')
    assert.equal((await ended).code, 'ECONNRESET', 'not an end that could be taken for the peer’s')
    assert.equal(socket.destroyed, true)
    await back
    client.destroy()
    await listener.close()
  })

  test('is one helper only, whoever calls up meanwhile', async () => {
    const { id } = await node.status()
    const exited = once(node, 'helperExit')
    kill(node.helperPid, 'SIGKILL')
    await exited
    const statuses = await Promise.all([node.up(), node.up()])
    assert.deepEqual(
      statuses.map(status => status.id),
      [id, id],
    )
    const named = (await net.nodes()).filter(({ hostname }) => hostname === 'server')
    assert.equal(named.length, 1)
  })

  test('does so under load, and no answer is ever mixed up', async () => {
    let answered = 0
    const load = Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let i = 0; i < 20; i++) {
          const answer = await laptop
            .request('http://server/', { signal: AbortSignal.timeout(3_000) })
            .catch(() => undefined)
          if (answer) {
            assert.equal(answer.body, 'hello')
            answered++
          }
        }
      }),
    )
    await eventually(() => answered > 40, { withinMs: 10_000, what: 'load' })
    const back = once(node, 'restarted', { signal: AbortSignal.timeout(10_000) })
    kill(node.helperPid, 'SIGKILL')
    await back
    await load
    assert.equal((await laptop.request('http://server/')).body, 'hello')
  })

  test('is not what Ctrl-C means: the program decides when to go', async () => {
    const { helperPid } = node
    kill(helperPid, 'SIGINT')
    kill(helperPid, 'SIGTERM')
    assert.equal((await laptop.request('http://server/')).body, 'hello')
    assert.equal(node.helperPid, helperPid)
  })
})

suite('a program that dies', { concurrency: 2 }, () => {
  const program = fileURLToPath(new URL('fixtures/serve.ts', import.meta.url))
  let net: Testnet
  before(async () => {
    net = await startTestnet()
  })
  after(() => net[Symbol.asyncDispose]())

  interface Ready {
    readonly helperPid: number
    readonly privateDir: string
    /** A program that it started and that outlives it. */
    readonly childPid: number
  }

  for (const [how, signal] of [
    ['of SIGKILL', 'SIGKILL'],
    ['of SIGTERM', 'SIGTERM'],
    ['of Ctrl-C', 'SIGINT'],
    ['of an exception that nobody catches', 'SIGUSR2'],
  ] as const) {
    test(`${how} leaves neither helper nor directory behind`, async () => {
      await using child = await startLineProcess(process.execPath, [program, net.controlUrl, 'child'])
      const { helperPid, privateDir, childPid } = child.ready as Ready
      try {
        assert.ok(isAlive(helperPid) && existsSync(privateDir) && isAlive(childPid))
        process.kill(child.pid, signal)
        const gone = () => !isAlive(helperPid) && !existsSync(privateDir)
        await eventually(gone, { withinMs: 6_000, what: 'helper and directory gone' })
        assert.ok(isAlive(childPid), 'not even what it started keeps the helper')
      } finally {
        process.kill(childPid)
      }
    })
  }
})
