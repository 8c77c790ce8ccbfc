import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadConfig } from './load-config.ts'

async function load(yaml: string, others: Readonly<Record<string, string>> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'tka-config-'))
  try {
    for (const [name, text] of Object.entries({ 'config.yaml': yaml, ...others }))
      await writeFile(join(directory, name), text)
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

  it('is what the other files there are put over, by the order of their names', async () => {
    const config = await load(
      '{ cluster: lab, roles: [{ name: view, scope: cluster, maxPeriod: 8h }], apiServer: { url: https://api.example.com } }',
      {
        'values.yaml': '{ cluster: prod, tailnet: { hostname: badge } }',
        'headscale.yaml': '{ cluster: other, tailnet: { controlUrl: https://headscale.example.com } }',
        'note.txt': 'not: [yaml',
      },
    )
    assert.equal(config.cluster, 'prod')
    assert.partialDeepStrictEqual(config.tailnet, {
      hostname: 'badge',
      controlUrl: 'https://headscale.example.com',
    })
  })

  it('names the other file that is no YAML', async () => {
    await assert.rejects(load('cluster: lab', { 'values.yaml': 'a: [b' }), { message: /^values\.yaml is not YAML/ })
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
