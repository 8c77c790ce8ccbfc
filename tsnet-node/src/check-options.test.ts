import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { TailscaleNode, type TailscaleNodeOptions } from './index.ts'
import { createMemoryStore } from './memory-store.ts'

const refused: ReadonlyArray<readonly [string, TailscaleNodeOptions, RegExp]> = [
  ['no place for the state', { hostname: 'a' }, /stateDir, stateStore, or ephemeral/],
  ['two places for the state', { hostname: 'a', stateDir: '/s', stateStore: createMemoryStore() }, /not both/],
  ['an empty state directory', { hostname: 'a', stateDir: '' }, /stateDir is empty/],
  ['no hostname', { hostname: '', ephemeral: true }, /hostname/],
  ['a hostname with a dot', { hostname: 'a.b', ephemeral: true }, /hostname "a\.b"/],
  ['a hostname of 64 characters', { hostname: 'a'.repeat(64), ephemeral: true }, /hostname/],
  ['a port out of range', { hostname: 'a', ephemeral: true, port: 65_536 }, /port 65536/],
  ['room for no connection', { hostname: 'a', ephemeral: true, maxConnections: 0 }, /maxConnections 0/],
  ['a secret in the environment', { hostname: 'a', ephemeral: true, env: { TS_AUTHKEY: 'k' } }, /TS_AUTHKEY/],
]

suite('options', () => {
  for (const [what, options, message] of refused) {
    test(`with ${what} are refused`, () => {
      assert.throws(() => new TailscaleNode(options), { name: 'TailscaleError', code: 'ERR_TSNET_OPTIONS', message })
    })
  }

  test('are taken with one place for the state, or none for an ephemeral node', () => {
    new TailscaleNode({ hostname: 'a', stateDir: '/s' })
    new TailscaleNode({ hostname: 'a', stateStore: createMemoryStore(), port: 0 })
    new TailscaleNode({ hostname: 'a', ephemeral: true })
  })
})
