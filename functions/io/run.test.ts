import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startProcess } from './testing/start-process.ts'

const trial = fileURLToPath(new URL('testing/run-trial.ts', import.meta.url))

describe('a running function', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`on ${signal} finishes what is under way, closes in reverse order, and exits 0`, async () => {
      await using process = await startProcess(trial)
      const { port } = await process.line('listening')
      const held = fetch(`http://127.0.0.1:${port}/held`)
      await process.line('begun')
      process.kill(signal)
      assert.equal(await (await held).text(), 'done')
      assert.equal(await process.exited, 0)
      assert.deepEqual(
        process.lines.map(line => line.message),
        ['listening', 'begun', 'stopping', 'told to stop', 'closed the second', 'closed the first', 'stopped'],
      )
    })
  }

  it('exits 1 when it cannot start, and says why', async () => {
    await using process = await startProcess(trial, { TRIAL: 'start' })
    assert.equal(await process.exited, 1)
    assert.equal((await process.line('cannot start')).severity, 'error')
  })

  it('exits 1 when something could not be closed, after closing the rest', async () => {
    await using process = await startProcess(trial, { TRIAL: 'close' })
    await process.line('listening')
    process.kill('SIGTERM')
    assert.equal(await process.exited, 1)
    assert.ok(process.lines.some(line => line.message === 'closed the first'))
  })

  it('stops with 1 on an error that nobody waited for', async () => {
    await using process = await startProcess(trial)
    const { port } = await process.line('listening')
    await fetch(`http://127.0.0.1:${port}/bug`).catch(() => undefined)
    assert.equal(await process.exited, 1)
    assert.ok(process.lines.some(line => line.message === 'failed where nobody waited'))
  })

  it('stops also while it is still starting', async () => {
    await using process = await startProcess(trial, { TRIAL: 'hang' })
    await process.line('hanging')
    process.kill('SIGTERM')
    assert.equal(await process.exited, 0)
  })
})
