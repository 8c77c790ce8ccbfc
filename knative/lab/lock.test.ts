import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { takeLock, tryLock } from './lock.ts'

const name = () => `test-${crypto.randomUUID()}`

describe('a lock', () => {
  it('is held by one at a time, in turn', async () => {
    const lock = name()
    let inside = 0
    const work = async () => {
      await using _held = await takeLock(lock)
      inside++
      assert.equal(inside, 1)
      await new Promise(done => setImmediate(done))
      inside--
    }
    await Promise.all(Array.from({ length: 10 }, work))
  })

  it('says once that somebody else holds it, and comes when it is given back', async () => {
    const lock = name()
    const held = await takeLock(lock)
    const waits = Promise.withResolvers<void>()
    const next = takeLock(lock, { onWait: () => waits.resolve() })
    await waits.promise
    assert.equal(await tryLock(lock), undefined)
    await held[Symbol.asyncDispose]()
    await using _next = await next
  })

  it('is given up waiting for when asked', async () => {
    const lock = name()
    await using _held = await takeLock(lock)
    const stop = new AbortController()
    const reason = new Error('enough')
    const waiting = takeLock(lock, { signal: stop.signal, onWait: () => stop.abort(reason) })
    await assert.rejects(waiting, reason)
  })

  it('comes free when its holder is killed', async () => {
    const lock = name()
    const hold = `import { takeLock } from ${JSON.stringify(new URL('lock.ts', import.meta.url).href)}
      await takeLock(${JSON.stringify(lock)}); console.log('held'); setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    assert.equal(await tryLock(lock), undefined)
    holder.kill('SIGKILL')
    await using _held = await takeLock(lock, { signal: AbortSignal.timeout(10_000) })
  })
})
