import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { functionNames } from '#events/functions'
import { startLab } from './index.ts'
import { type Install, installTka } from './install.ts'
import type { Lab } from './lab.ts'

describe('an install in the lab', () => {
  const stack = new AsyncDisposableStack()
  let lab: Lab
  let install: Install

  before(async () => {
    lab = stack.use(await startLab())
    install = stack.use(await installTka(lab))
  })
  after(() => stack.disposeAsync())

  it('runs every function once', () => {
    for (const name of functionNames) assert.equal(install.shadow.starts(name), 1, name)
  })

  it('has login in the tailnet under a name of its own', async () => {
    const names = (await lab.tailnet.nodes()).map(({ hostname }) => hostname)
    assert.ok(names.includes(install.hostname), names.join(', '))
  })

  it('ticks through the SinkBinding, the Broker and the Trigger to the sweeper', async () => {
    await using tap = await install.subscribe()
    await install.tick()
    const { source, headers } = await tap.waitFor(({ type }) => type === 'dev.tka.sweep.requested.v1')
    assert.equal(source, `/tka/${install.cluster}/tick`)
    assert.equal(headers['ce-dssematerial'], undefined)
  })

  it('shows a subscriber with types nothing else', async () => {
    await using tap = await install.subscribe(['dev.tka.session.ended.v1'])
    await using all = await install.subscribe()
    await install.tick()
    await all.waitFor(({ type }) => type === 'dev.tka.sweep.requested.v1')
    assert.deepEqual(tap.events, [])
  })

  it('gives no function the rights of the installer', async () => {
    const kubeconfig = await readFile(lab.kubeconfig, 'utf8')
    for (const name of functionNames) {
      const environment = await readFile(`/proc/${install.shadow.pid(name)}/environ`, 'utf8')
      assert.ok(!environment.includes(lab.kubeconfig), name)
      for (const [secret] of kubeconfig.matchAll(/[A-Za-z0-9+/=]{64,}/g)) assert.ok(!environment.includes(secret), name)
    }
  })

  it('keeps the private keys in files of this user alone, apart from the public ones', async () => {
    const { keys } = JSON.parse(await readFile(join(install.keysDir, 'jwks.json'), 'utf8'))
    assert.equal(keys.length, functionNames.length)
    assert.ok(keys.every((key: object) => !('d' in key)))
    for (const name of functionNames) {
      const { mode } = await stat(join(install.keysDir, `${name}.jwk.json`))
      assert.equal(mode & 0o777, 0o600, name)
    }
  })

  it('lives beside another', async () => {
    await using other = await installTka(lab, { without: functionNames, config: { cluster: 'other' } })
    assert.notEqual(other.install, install.install)
    await using tap = await other.subscribe()
    await install.tick()
    // Its own CronJob may have ticked.
    assert.deepEqual(
      tap.events.filter(({ source }) => source !== '/tka/other/tick'),
      [],
    )
  })
})
