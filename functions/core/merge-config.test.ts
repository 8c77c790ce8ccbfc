import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configFiles, mergeConfig } from './merge-config.ts'

describe('a fragment of the configuration', () => {
  const cases: readonly (readonly [string, unknown, unknown, unknown])[] = [
    ['adds a key', { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ['replaces a value', { a: 1 }, { a: 2 }, { a: 2 }],
    ['merges mappings', { a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
    ['replaces a list whole', { roles: [1, 2] }, { roles: [3] }, { roles: [3] }],
    ['leaves alone what it does not say', { a: 1 }, { a: undefined }, { a: 1 }],
    ['may be empty, as a file of comments is', { a: 1 }, null, { a: 1 }],
    ['that is no mapping is left for the schema to refuse', { a: 1 }, [2], [2]],
  ]
  for (const [name, under, over, merged] of cases) it(name, () => assert.deepEqual(mergeConfig(under, over), merged))
})

describe('the files of a configuration', () => {
  it('are config.yaml and then the others by name, whatever else lies there', () => {
    const names = ['values.yaml', '..data', 'config.yaml', 'headscale.yaml', 'notes.txt']
    assert.deepEqual(configFiles(names), ['config.yaml', 'headscale.yaml', 'values.yaml'])
  })
})
