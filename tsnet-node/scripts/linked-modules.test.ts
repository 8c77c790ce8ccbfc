import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { thisPlatform } from '../src/helper-cache.ts'
import { buildGo, programs } from '../src/testing/index.ts'
import { linkedModules } from './linked-modules.ts'

suite('what a helper is linked from', () => {
  test('is named with version and folders', async () => {
    const modules = await linkedModules(await buildGo(programs.helper), thisPlatform)
    const tailscale = modules.find(({ path }) => path === 'tailscale.com')
    assert.match(tailscale?.version ?? '', /^v1\./)
    assert.ok(tailscale?.folders.has(tailscale.dir))
    assert.ok(modules.some(({ path }) => path === 'gvisor.dev/gvisor'))
    assert.ok(!modules.some(({ path }) => path.startsWith('tsnet-node')))
  })

  test('is not said of a binary that was built of something else', async () => {
    await assert.rejects(linkedModules(await buildGo(programs.testnet), thisPlatform), /is not of these sources: .+@v/)
  })
})
