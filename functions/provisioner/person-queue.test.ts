import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPersonQueue } from './person-queue.ts'

describe('the queue of a person', () => {
  it('runs one task after the other, in order, also after one that failed', async () => {
    const queue = createPersonQueue()
    const seen: string[] = []
    const first = Promise.withResolvers<void>()
    const results = [
      queue.run('alice', async () => {
        await first.promise
        seen.push('first')
        throw new Error('failed')
      }),
      queue.run('alice', async () => seen.push('second')),
    ]
    await queue.run('bob', async () => seen.push('bob'))
    assert.deepEqual(seen, ['bob'])
    first.resolve()
    await Promise.allSettled(results)
    assert.deepEqual(seen, ['bob', 'first', 'second'])
  })

  it('is idle once everything has settled', async () => {
    const queue = createPersonQueue()
    const task = Promise.withResolvers<void>()
    void queue.run('alice', () => task.promise)
    let idle = false
    const waiting = queue.idle().then(() => {
      idle = true
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(idle, false)
    task.resolve()
    await waiting
  })
})
