import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createSlots } from './create-slots.ts'

it('slots are given in turn, so many at once, and come back from a task that fails', async () => {
  const inSlot = createSlots(2)
  const began: number[] = []
  const tasks = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const results = tasks.map(({ promise }, at) =>
    inSlot(() => {
      began.push(at)
      return promise
    }),
  )
  const settled = Promise.allSettled(results)
  const turn = () => new Promise(resolve => setImmediate(resolve))
  await turn()
  assert.deepEqual(began, [0, 1])
  tasks[1]?.reject(new Error('no'))
  await turn()
  assert.deepEqual(began, [0, 1, 2])
  for (const [at, { resolve }] of tasks.entries()) resolve(at)
  await settled
  assert.deepEqual(began, [0, 1, 2, 3, 4])
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
})
