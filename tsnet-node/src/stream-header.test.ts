import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import fc from 'fast-check'
import { readStreamHeader } from './stream-header.ts'
import { parseHeader, type StreamHeader } from './wire.ts'

const token = 'a'.repeat(32)
const header = {
  v: 1,
  stream: 7,
  at: 1_795_000_000_000,
  remote: '[fd7a:115c:a1e0::2]:4711',
  local: '[fd7a:115c:a1e0::1]:80',
  peer: {
    node: { id: 'n1', name: 'laptop.tail-scale.ts.net', tags: [] },
    user: { id: 7, login: 'älice@example.com', displayName: 'Älice 🦊' },
    capMap: { 'example.com/cap': [{ role: 'view' }] },
  },
}

suite('the header of a stream', () => {
  let dir: string
  let server: Server
  let take: (socket: Socket) => void

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'stream-header-'))
    server = createServer({ allowHalfOpen: true }, socket => take(socket))
    server.listen(join(dir, 's'))
    await once(server, 'listening')
  })
  after(async () => {
    server.close()
    await rm(dir, { recursive: true })
  })

  interface Outcome {
    readonly header: StreamHeader | undefined
    readonly rest: Buffer
    readonly afterMs: number
  }

  /** Sends pieces, one event-loop turn apart, and tells what came of them. */
  async function send(pieces: readonly Buffer[], { withinMs = 5_000, end = true } = {}): Promise<Outcome> {
    const began = performance.now()
    const outcome = new Promise<Outcome>(resolve => {
      take = socket => {
        socket.on('error', () => {})
        const refused = () => resolve({ header: undefined, rest: Buffer.alloc(0), afterMs: performance.now() - began })
        socket.once('close', refused)
        readStreamHeader(socket, { token, withinMs, parse: parseHeader }, async header => {
          socket.off('close', refused)
          resolve({ header, rest: await buffer(socket), afterMs: performance.now() - began })
          socket.destroy()
        })
      }
    })
    const client = connect(join(dir, 's'))
    client.on('error', () => {})
    for (const piece of pieces) {
      client.write(piece)
      await tick()
    }
    if (end) client.end()
    const result = await outcome
    client.destroy()
    return result
  }

  function encode(body: string, { length, by = token }: { length?: number; by?: string } = {}): Buffer {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(length ?? Buffer.byteLength(body))
    return Buffer.concat([Buffer.from(by), size, Buffer.from(body)])
  }

  test('is read from any pieces it comes in, and leaves every byte after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(700), { maxLength: 12 }),
        fc.uint8Array({ maxLength: 300 }),
        async (cuts, payload) => {
          const bytes = Buffer.concat([encode(JSON.stringify(header)), payload])
          const edges = [0, ...cuts.map(cut => cut % bytes.length).sort((a, b) => a - b), bytes.length]
          const pieces = edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge))
          const outcome = await send(pieces)
          assert.equal(outcome.header?.identity.user?.displayName, 'Älice 🦊')
          assert.equal(outcome.header?.identity.remoteAddress, 'fd7a:115c:a1e0::2')
          assert.deepEqual(outcome.rest, Buffer.from(payload))
        },
      ),
      { numRuns: 100 },
    )
  })

  test('is read when it comes byte by byte', async () => {
    const bytes = encode(JSON.stringify(header))
    const outcome = await send([...bytes].map(byte => Buffer.from([byte])))
    assert.equal(outcome.header?.identity.remotePort, 4711)
  })

  test('may be large, up to 1 MiB', async () => {
    const capMap = { big: ['x'.repeat(1_000_000)] }
    const outcome = await send([encode(JSON.stringify({ ...header, peer: { ...header.peer, capMap } }))])
    assert.deepEqual(outcome.header?.identity.capMap, capMap)
  })

  const refused: Readonly<Record<string, Buffer>> = {
    'another token': encode(JSON.stringify(header), { by: 'b'.repeat(32) }),
    'a token that differs in its last byte': encode(JSON.stringify(header), { by: `${'a'.repeat(31)}b` }),
    'a length over 1 MiB': encode(JSON.stringify(header), { length: (1 << 20) + 1 }),
    'the largest length': encode(JSON.stringify(header), { length: 0xffffffff }),
    'no length': encode(''),
    'an end inside the token': Buffer.from(token.slice(0, 10)),
    'an end inside the header': encode(JSON.stringify(header)).subarray(0, 100),
    'no bytes at all': Buffer.alloc(0),
    'something that is not JSON': encode('{"v":1'),
    'another version': encode(JSON.stringify({ ...header, v: 2 })),
    'no number': encode(JSON.stringify({ ...header, stream: undefined })),
    'a connection that this side asked for': encode(JSON.stringify({ ...header, dial: 1 })),
    'no address': encode(JSON.stringify({ ...header, remote: '' })),
    'a user beside tags': encode(
      JSON.stringify({ ...header, peer: { ...header.peer, node: { ...header.peer.node, tags: ['tag:ci'] } } }),
    ),
    'neither user nor tags': encode(JSON.stringify({ ...header, peer: { ...header.peer, user: undefined } })),
    'a user id that is not exact': encode(JSON.stringify(header).replace('"id":7', '"id":9007199254740993')),
    'a peer beside Funnel': encode(JSON.stringify({ ...header, funnel: { target: 'x:443' } })),
  }
  for (const [what, bytes] of Object.entries(refused)) {
    test(`with ${what} is refused`, async () => {
      assert.equal((await send([bytes])).header, undefined)
    })
  }

  test('that does not come in time is refused', async () => {
    const outcome = await send([encode(JSON.stringify(header)).subarray(0, 50)], { withinMs: 100, end: false })
    assert.equal(outcome.header, undefined)
    assert.ok(outcome.afterMs >= 95 && outcome.afterMs < 2_000, `refused after ${outcome.afterMs} ms`)
  })
})
