import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import type { TailscaleNode } from '../src/index.ts'
import { startTestnet, type Testnet } from '../src/testing/index.ts'
import { startNode } from './support.ts'

/** What the helper writes before a connection's own bytes (helper/stream.go). */
function header(token: string, json: string, length = Buffer.byteLength(json)): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(length)
  return Buffer.concat([Buffer.from(token), size, Buffer.from(json)])
}

const guess = 'f'.repeat(32)
const alice = JSON.stringify({
  v: 1,
  stream: 1,
  at: 1_795_000_000_000,
  remote: '100.64.0.9:4711',
  peer: { node: { id: 'n9', name: 'x', tags: [] }, user: { id: 9, login: 'alice@example.com' }, capMap: {} },
})

suite('a program of the same user that finds the socket of a listener', () => {
  let net: Testnet
  let node: TailscaleNode
  let client: TailscaleNode
  let dir: string
  let path: string
  const seen: string[] = []
  before(async () => {
    net = await startTestnet()
    node = await startNode(net, { hostname: 'server' })
    const listener = await node.listen({ port: 7000 })
    listener.on('connection', socket => {
      seen.push(socket.tailscale.user?.login ?? '')
      socket.end('hello')
    })
    const [name = ''] = readdirSync(tmpdir()).filter(name => name.startsWith(`tsnet-node-${process.pid}-`))
    dir = join(tmpdir(), name)
    path = join(dir, readdirSync(dir).find(name => name.endsWith('.sock')) ?? '')
    client = await startNode(net, { hostname: 'client' })
  })
  after(async () => {
    await client.close()
    await node.close()
    await net[Symbol.asyncDispose]()
  })

  test('has to be that user', () => {
    assert.equal(statSync(dir).mode & 0o777, 0o700)
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  for (const [what, bytes] of [
    ['a token that it guesses', header(guess, alice)],
    ['a header over 1 MiB', header(guess, alice, (1 << 20) + 1)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: server\r\nx-padding: long enough for a token\r\n\r\n')],
  ] as const) {
    test(`is cut with ${what}, and nobody hears of it`, async () => {
      const before = seen.length
      const socket = connect(path)
      socket.on('error', () => {}) // cut while it writes
      socket.write(bytes)
      await once(socket.resume(), 'close', { signal: AbortSignal.timeout(5_000) })
      assert.equal(seen.length, before)
    })
  }

  test('keeps nobody else waiting with streams that say nothing', async () => {
    const silent: Socket[] = []
    for (let i = 0; i < 300; i++) {
      const socket = connect(path)
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write('half')
      silent.push(socket)
    }
    const before = seen.length
    for (let i = 0; i < 20; i++) {
      const socket = await client.dial({ host: 'server', port: 7000, signal: AbortSignal.timeout(5_000) })
      assert.equal(await text(socket), 'hello')
    }
    assert.deepEqual(
      seen.slice(before),
      Array.from({ length: 20 }, () => 'client@example.com'),
    )
    for (const socket of silent) socket.destroy()
  })
})
