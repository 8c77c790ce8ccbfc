import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadConfig } from './load-config.ts'

async function load(yaml: string) {
  const directory = await mkdtemp(join(tmpdir(), 'tka-config-'))
  try {
    await writeFile(join(directory, 'config.yaml'), yaml)
    return await loadConfig({ TKA_CONFIG_DIR: directory })
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('config.yaml', () => {
  it('is read and checked', async () => {
    const config = await load(
      '{ cluster: lab, roles: [{ name: view, scope: cluster, maxPeriod: 8h }], apiServer: { url: https://api.example.com } }',
    )
    assert.deepEqual([config.cluster, config.roles[0]?.maxPeriodSeconds], ['lab', 28_800])
  })

  it('is refused with the field, its value and what it must be', async () => {
    await assert.rejects(load('{ cluster: LAB, roles: [], apiServer: { url: http://x } }'), error => {
      assert.ok(error instanceof Error)
      assert.equal(error.name, 'ConfigInvalid')
      assert.match(error.message, /cluster must be .*"LAB"/)
      assert.match(error.message, /apiServer\.url must be .*"http:\/\/x"/)
      return true
    })
  })

  it('is refused when it is no YAML', async () => {
    await assert.rejects(load('cluster: [lab'), { name: 'ConfigInvalid', message: /not YAML/ })
  })

  it('is missed by name', async () => {
    await assert.rejects(loadConfig({ TKA_CONFIG_DIR: '/nowhere' }), { code: 'ENOENT' })
  })
})
