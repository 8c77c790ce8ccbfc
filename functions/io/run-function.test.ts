import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { mountFunction } from './testing/mount-function.ts'
import { startProcess } from './testing/start-process.ts'

const main = fileURLToPath(new URL('../deadletter/main.ts', import.meta.url))

it('a function without K_SINK lives, is not ready, says why, and ends cleanly', async () => {
  await using mounts = await mountFunction('deadletter')
  await using process = await startProcess(main, mounts.env)
  const { port } = await process.line('waiting for K_SINK')
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method })
  assert.equal((await get('/health/liveness')).status, 200)
  const readiness = await get('/health/readiness')
  assert.equal(readiness.status, 503)
  assert.match(await readiness.text(), /K_SINK is not set/)
  assert.equal((await get('/', 'POST')).status, 503, 'an event is to be sent again')
  process.kill('SIGTERM')
  assert.equal(await process.exited, 0)
})
