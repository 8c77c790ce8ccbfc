import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readClusterAccess } from './cluster-access.ts'

async function mounted(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'tka-access-'))
  t.after(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'ca.crt'), 'PEM')
  await writeFile(join(directory, 'token'), 'first\n')
  const env = {
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    TKA_SERVICE_ACCOUNT_DIR: directory,
  }
  return { directory, env }
}

describe('access to the cluster', () => {
  it('is what the kubelet gives a pod', async t => {
    const { env } = await mounted(t)
    const { server, ca, readToken } = await readClusterAccess(env)
    assert.deepEqual([server.origin, ca, await readToken()], ['https://10.0.0.1', 'PEM', 'first'])
  })

  it('writes an IPv6 address as a URL does', async t => {
    const { env } = await mounted(t)
    const { server } = await readClusterAccess({ ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' })
    assert.equal(server.host, '[fd00::1]')
  })

  it('takes the token that the kubelet put in the place of the last one', async t => {
    const { directory, env } = await mounted(t)
    let time = 0
    const { readToken } = await readClusterAccess(env, () => time)
    await writeFile(join(directory, 'token'), 'second')
    time = 10_000
    assert.equal(await readToken(), 'second')
  })

  it('reads the token again when the clock was set back', async t => {
    const { directory, env } = await mounted(t)
    let time = 600_000
    const { readToken } = await readClusterAccess(env, () => time)
    await writeFile(join(directory, 'token'), 'second')
    time = 0
    assert.equal(await readToken(), 'second')
  })

  for (const missing of ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT']) {
    it(`fails with a word about ${missing} outside a pod`, async t => {
      const { env } = await mounted(t)
      await assert.rejects(readClusterAccess({ ...env, [missing]: undefined }), new RegExp(missing))
    })
  }
})
