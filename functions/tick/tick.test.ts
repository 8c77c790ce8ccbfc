import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { decodeHint } from '#events'
import { startProcess } from '#io/testing/start-process'
import { tickMessage } from './tick-message.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

describe('the tick', () => {
  it('has one id for the whole of a minute, so that a second one is seen to be the same', () => {
    const id = (time: string) => decodeHint(tickMessage('lab', Date.parse(time))).id
    assert.equal(id('2026-11-23T10:00:00Z'), 'tick-2026-11-23T10:00:00Z')
    assert.equal(id('2026-11-23T10:00:59.999Z'), 'tick-2026-11-23T10:00:00Z')
    assert.equal(id('2026-11-23T10:01:00Z'), 'tick-2026-11-23T10:01:00Z')
  })

  for (const [status, code] of [
    [202, 0],
    [503, 1],
  ] as const) {
    it(`exits ${code} when the broker answers ${status}`, async () => {
      const got = Promise.withResolvers<Record<string, unknown>>()
      const server = createServer((request, response) => {
        got.resolve(request.headers)
        response.writeHead(status).end()
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      assert.ok(address !== null && typeof address === 'object')
      const directory = await mkdtemp(join(tmpdir(), 'tka-tick-'))
      try {
        const config = '{ cluster: lab, roles: [{ name: view, scope: cluster, maxPeriod: 8h }] }'
        await writeFile(join(directory, 'config.yaml'), config)
        const env = { TKA_CONFIG_DIR: directory, K_SINK: `http://127.0.0.1:${address.port}/` }
        await using process = await startProcess(main, env)
        const headers = await got.promise
        assert.equal(headers['ce-type'], 'dev.tka.sweep.requested.v1')
        assert.equal(headers['ce-source'], '/tka/lab/tick')
        assert.equal(headers['ce-dssematerial'], undefined)
        assert.equal(await process.exited, code)
      } finally {
        server.closeAllConnections()
        server.close()
        await rm(directory, { recursive: true })
      }
    })
  }

  it('exits 1 without a sink, and says so', async () => {
    await using process = await startProcess(main, { TKA_CONFIG_DIR: '/nowhere' })
    assert.equal(await process.exited, 1)
    assert.equal(process.lines[0]?.severity, 'error')
  })
})
