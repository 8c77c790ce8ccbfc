import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { functionNames } from '#events'

const script = fileURLToPath(new URL('keys.ts', import.meta.url))

function keys(...args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    )
  })
}

describe('make keys', () => {
  it('makes a key for every function once, and never again in the same place', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'tka-keys-'))
    try {
      const dir = join(parent, 'keys')
      assert.equal((await keys('--dir', dir)).code, 0)
      assert.deepEqual(
        (await readdir(dir)).sort(),
        ['jwks.json', 'kustomization.yaml', ...functionNames.map(name => `${name}.jwk.json`)].sort(),
      )
      const again = await keys('--dir', dir)
      assert.deepEqual([again.code, again.stdout], [1, ''])
      assert.match(again.stderr, /never overwritten/)
    } finally {
      await rm(parent, { recursive: true })
    }
  })

  it('explains itself, and refuses what it does not know', async () => {
    assert.match((await keys('--help')).stdout, /--dir/)
    assert.equal((await keys('--days', 'many')).code, 1)
    assert.equal((await keys('--force')).code, 1)
  })
})
