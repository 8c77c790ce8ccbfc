import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { residentMiB } from '../bench/process-usage.ts'
import type { TailscaleNode, TailscaleSocket } from '../src/index.ts'
import type { Laptop } from '../src/testing/index.ts'
import { type SmallTailnet, startSmallTailnet } from './small-tailnet.ts'
import { eventually } from './support.ts'

const gibibyte = 2 ** 30
/** Neither a multiple nor a part of any buffer on the way, so that no piece looks like another. */
const period = 1_048_573
const pattern = randomBytes(period)
const twice = Buffer.concat([pattern, pattern])

/** The bytes from an offset of an endless repetition of the pattern. */
const piece = (offset: number, length: number) => twice.subarray(offset % period, (offset % period) + length)

function* pieces(size: number): Generator<Buffer> {
  for (let offset = 0; offset < size; offset += 1 << 18) yield piece(offset, Math.min(1 << 18, size - offset))
}

/** Reads to the end and compares; resolves to how much it was. */
async function readPattern(stream: AsyncIterable<Buffer>): Promise<number> {
  let offset = 0
  for await (const chunk of stream) {
    assert.ok(chunk.equals(piece(offset, chunk.length)), `differs between ${offset} and ${offset + chunk.length}`)
    offset += chunk.length
  }
  return offset
}

suite('much data', () => {
  let tailnet: SmallTailnet
  let node: TailscaleNode
  let laptop: Laptop
  let host: string
  before(async () => {
    tailnet = await startSmallTailnet({ GOMEMLIMIT: '192MiB' })
    ;({ node, laptop } = tailnet)
    host = (await node.status()).ips[0] ?? ''
  })
  after(() => tailnet[Symbol.asyncDispose]())

  test('arrives whole: an HTTP body of 1 GiB each way, within the memory it may have', {
    timeout: 180_000,
  }, async () => {
    const server = http.createServer(async (request, response) => {
      if (request.method === 'POST') return void response.end(String(await readPattern(request)))
      response.setHeader('content-length', gibibyte)
      await pipeline(Readable.from(pieces(gibibyte), { objectMode: false }), response)
    })
    await using _ = await node.serve(server, { port: 80 })
    const upload = async () => {
      const sent = http.request(`http://${host}/`, { method: 'POST', agent: laptop.agent() })
      const answered = once(sent, 'response') as Promise<[http.IncomingMessage]>
      await pipeline(Readable.from(pieces(gibibyte), { objectMode: false }), sent)
      const [response] = await answered
      assert.equal((await response.setEncoding('utf8').toArray()).join(''), String(gibibyte))
    }
    const download = async () => {
      const asked = http.get(`http://${host}/`, { agent: laptop.agent() })
      const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
      assert.equal(await readPattern(response), gibibyte)
    }
    await Promise.all([upload(), download()])
    const resident = residentMiB(node.helperPid ?? 0)
    assert.ok(resident < 256, `the helper has ${resident} MiB`)
  })

  /** Writes until nothing moves any more, and returns how much went out. */
  async function fill(socket: Socket): Promise<number> {
    let written = 0
    let flushed = 0
    const send = () => {
      const chunk = piece(written, 1 << 16)
      written += chunk.length
      socket.write(chunk, () => {
        flushed += chunk.length
      })
    }
    const stuck = async () => {
      while (socket.writableLength < 1 << 20) send()
      const before = flushed
      await sleep(100)
      return flushed === before
    }
    await eventually(stuck, { withinMs: 20_000, what: 'all buffers full' })
    return written
  }

  test('waits for a reader, on either side, and is all there then', async () => {
    await using listener = await node.listen({ port: 7000 })
    const accepted = once(listener, 'connection')
    const client = await laptop.connect({ host, port: 7000 })
    const [served] = (await accepted) as [TailscaleSocket]
    for (const [from, to] of [
      [client, served],
      [served, client],
    ] as const) {
      const written = await fill(from)
      assert.ok(written < 64 << 20, `${written} bytes on the way`)
      let offset = 0
      to.on('data', chunk => {
        assert.ok(chunk.equals(piece(offset, chunk.length)))
        offset += chunk.length
      })
      await eventually(() => offset === written, { withinMs: 20_000, what: 'everything read' })
      to.removeAllListeners('data').pause()
    }
    client.destroy()
  })
})
