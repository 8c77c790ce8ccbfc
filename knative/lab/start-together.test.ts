import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startTogether } from './start-together.ts'

it('keeps what came up when another part fails, and rejects with that failure', async () => {
  const ended: string[] = []
  const up = (name: string) => ({ [Symbol.dispose]: () => void ended.push(name) })
  const late = new Promise<Disposable>(done => setImmediate(() => done(up('late'))))
  const failure = new Error('no')
  const start = async () => {
    await using stack = new AsyncDisposableStack()
    await startTogether(stack, [Promise.resolve(up('early')), Promise.reject(failure), late])
  }
  await assert.rejects(start(), failure)
  assert.deepEqual(ended, ['late', 'early'])
})
