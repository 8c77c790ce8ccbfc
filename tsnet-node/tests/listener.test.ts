import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DroppedConnections, TailscaleListener, TailscaleNode, TailscaleSocket } from '../src/index.ts'
import { startTestnet, type Testnet } from '../src/testing/index.ts'
import { eventually, isAlive, rejection, startNode } from './support.ts'

const program = fileURLToPath(new URL('fixtures/listen.ts', import.meta.url))
const signal = () => AbortSignal.timeout(10_000)

suite('a listener', () => {
  let net: Testnet
  let node: TailscaleNode
  let client: TailscaleNode
  before(async () => {
    net = await startTestnet()
    node = await startNode(net, { hostname: 'server' })
    client = await startNode(net, { hostname: 'client' })
  })
  after(async () => {
    await client.close()
    await node.close()
    await net[Symbol.asyncDispose]()
  })
  const dial = (port: number) => client.dial({ host: 'server', port, signal: signal() })

  test('says where it listens, and that it does until it closes', async () => {
    const listener = await node.listen({ port: 7100 })
    const [address] = (await node.status()).ips
    assert.deepEqual(listener.address(), { address, port: 7100, family: 'IPv4' })
    assert.equal(listener.listening, true)
    const closed = once(listener, 'close', { signal: signal() })
    const closing = listener.close()
    assert.equal(listener.listening, false)
    await Promise.all([closing, closed, listener.close()])
    assert.equal((await rejection(dial(7100))).code, 'ERR_TSNET_REFUSED')
  })

  test('keeps its connections when it closes', async () => {
    const listener = await node.listen({ port: 7101 })
    const accepted = once(listener, 'connection', { signal: signal() })
    const socket = await dial(7101)
    const [served] = (await accepted) as [TailscaleSocket]
    await listener.close()
    served.end('still here')
    assert.equal(await text(socket), 'still here')
  })

  test('closes a connection that nobody listens for', async () => {
    await using _ = await node.listen({ port: 7102 })
    assert.equal(await text(await dial(7102)), '')
  })

  test('gives its connections one after another, and ends with the listener', async () => {
    const listener = await node.listen({ port: 7103 })
    const seen: string[] = []
    const served = serveEach(listener, async socket => {
      seen.push(socket.tailscale.node?.name ?? '')
      socket.end(String(seen.length))
    })
    const answers = await Promise.all([1, 2, 3].map(async () => text(await dial(7103))))
    assert.deepEqual(answers.sort(), ['1', '2', '3'])
    assert.deepEqual(new Set(seen), new Set(['client.tail-scale.ts.net']))
    await listener.close()
    await served
    await serveEach(listener, () => assert.fail('a closed listener has no connections'))
  })

  test('leaves no connection open when who takes them stops', async () => {
    const listener = await node.listen({ port: 7104 })
    let accepted = 0
    listener.on('connection', () => accepted++)
    const first = (async () => {
      for await (const socket of listener) {
        await eventually(() => accepted === 3, { withinMs: 10_000, what: 'three connections' })
        return socket
      }
      throw new Error('no connection')
    })()
    const sockets = await Promise.all([1, 2, 3].map(() => dial(7104)))
    const ended = sockets.map(socket => text(socket.setTimeout(10_000, () => socket.destroy(new Error('left open')))))
    const taken = await first
    taken.end('taken')
    assert.deepEqual((await Promise.all(ended)).sort(), ['', '', 'taken'])
    await listener.close()
  })

  test('is not begun with a signal that is aborted, and its port is free then', async () => {
    assert.equal((await rejection(node.listen({ port: 7105, signal: AbortSignal.abort() }))).name, 'AbortError')
    await using listener = await node.listen({ port: 7105, signal: signal() })
    listener.on('connection', socket => socket.end('here'))
    assert.equal(await text(await dial(7105)), 'here')
  })

  test('lets one address have a quarter of the connections, and tells of what is more', async () => {
    await using small = await startNode(net, { hostname: 'small', maxConnections: 8 })
    const listener = await small.listen({ port: 7106 })
    listener.on('connection', socket => socket.write('!'))
    const drop = once(small, 'drop', { signal: signal() })
    const connect = () => client.dial({ host: 'small', port: 7106, signal: signal() })
    const [first, second] = [await connect(), await connect()]
    for (const socket of [first, second]) await once(socket, 'data', { signal: signal() })
    assert.equal(await text(await connect()), '')
    const [{ count, remoteAddress }] = (await drop) as [DroppedConnections]
    assert.equal(count, 1)
    assert.equal(remoteAddress, (await client.status()).ips[0])
    assert.equal(await text((await node.dial({ host: 'small', port: 7106, signal: signal() })).end()), '!')

    const ended = once(first, 'close', { signal: signal() })
    first.destroy()
    await ended
    const letIn = async () => (await text((await connect()).end())) === '!'
    await eventually(letIn, { withinMs: 10_000, what: 'another after one has left' })
    second.destroy()
  })

  for (const hold of ['ref', 'unref'] as const) {
    test(`${hold === 'ref' ? 'keeps its program' : 'lets its program end'} after ${hold}`, async () => {
      const child = spawn(process.execPath, [program, net.controlUrl, hold], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(child, 'exit')
      try {
        const [pid] = await once(createInterface({ input: child.stdout }), 'line', { signal: signal() })
        if (hold === 'ref') {
          const socket = await client.dial({ host: 'listens-ref', port: 7, signal: signal() })
          assert.equal(await text(socket), 'here')
          assert.equal(child.exitCode, null)
        } else {
          const [code] = await Promise.race([exit, once(AbortSignal.timeout(10_000), 'abort')])
          assert.equal(code, 0)
          await eventually(() => !isAlive(Number(pid)), { withinMs: 10_000, what: 'the helper gone' })
        }
      } finally {
        child.kill()
        await exit
      }
    })
  }
})

async function serveEach(listener: TailscaleListener, serve: (socket: TailscaleSocket) => void): Promise<void> {
  for await (const socket of listener) serve(socket)
}
