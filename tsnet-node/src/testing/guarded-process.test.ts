import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { eventually, isAlive } from '../../tests/support.ts'
import { startGuardedProcess } from './guarded-process.ts'

const script = (text: string) => ['-c', text] as const
const module = new URL('guarded-process.ts', import.meta.url).href

suite('a guarded process', () => {
  test('is there once its output says so, and gone once it is disposed of', async () => {
    const guarded = await startGuardedProcess('/bin/sh', script('echo port 42; exec sleep 1000'), {
      ready: /port (\d+)/,
    })
    assert.equal(guarded.ready[1], '42')
    assert.ok(isAlive(guarded.pid))
    await guarded[Symbol.asyncDispose]()
    assert.equal(isAlive(guarded.pid), false)
  })

  test('ends with the process that started it, even a killed one', async () => {
    const parent = spawn(process.execPath, [
      '--input-type=module',
      '--eval',
      `const { startGuardedProcess } = await import(${JSON.stringify(module)})
       const { pid } = await startGuardedProcess('/bin/sh', ['-c', 'echo up; exec sleep 1000'], { ready: /up/ })
       console.log(pid)`,
    ])
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    assert.ok(isAlive(Number(line)))
    parent.kill('SIGKILL')
    await eventually(() => !isAlive(Number(line)), { withinMs: 5_000, what: 'the program is gone' })
  })

  test('that ends too early is an error with its last words', async () => {
    const started = startGuardedProcess('/bin/sh', script('echo no such thing >&2; exit 3'), { ready: /up/ })
    await assert.rejects(started, /ended with 3 before it was ready:\nno such thing/)
  })

  test('that takes too long is ended', async () => {
    const signal = AbortSignal.timeout(200)
    await assert.rejects(startGuardedProcess('/bin/sh', script('exec sleep 1000'), { ready: /up/, signal }), {
      name: 'AbortError',
    })
  })
})
