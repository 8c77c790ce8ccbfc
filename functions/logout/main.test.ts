import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createEvent, encodeHint, type HttpMessage, importSigningKey, sign, sourceOf } from '#events'
import { mountFunction } from '#io/testing/mount-function'
import { startProcess } from '#io/testing/start-process'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

async function post(port: unknown, { headers, body }: HttpMessage): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: Buffer.from(body) })
}

describe('the logout function', () => {
  it('listens, answers, and stops when it is told to', async () => {
    await using mounts = await mountFunction('logout')
    await using process = await startProcess(main, mounts.env)
    const { port } = await process.line('listening')
    const ping = encodeHint({ type: 'dev.tka.ping.v1', id: 'ping', source: '/tka/lab/tick', now: Date.now() })
    assert.equal((await post(port, ping)).headers.get('ce-source'), '/tka/lab/logout')
    process.kill('SIGTERM')
    assert.equal(await process.exited, 0)
  })

  it('answers 503 while the API server does not answer, in few bytes and without its text', async () => {
    await using mounts = await mountFunction('logout')
    await using process = await startProcess(main, mounts.env)
    const { port } = await process.line('listening')
    const logout = createEvent('dev.tka.logout.requested.v1', {
      source: sourceOf('lab', 'login'),
      subject: 'tka-user-alice',
      data: { login: 'alice@example.com', userId: '4711', node: 'node-1', reason: 'asked' },
      now: Date.now(),
    })
    const key = await importSigningKey(mounts.keys.private.find(jwk => jwk.function === 'login'))
    const response = await post(port, await sign(logout, key))
    assert.deepEqual([response.status, await response.text()], [503, '{"error":"unavailable"}'])
  })

  it('does not start without its key, and says which file is missing', async () => {
    await using mounts = await mountFunction('logout')
    await using process = await startProcess(main, { ...mounts.env, TKA_SIGNING_KEY_DIR: '/nowhere' })
    assert.equal(await process.exited, 1)
    assert.match(JSON.stringify(await process.line('cannot start')), /\/nowhere\/key\.jwk\.json/)
  })
})
