import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configHash } from './config-hash.ts'

const shipped = { 'config.yaml': 'cluster: lab\nperiod: { minimum: 10m, maximum: 24h }\nroles: [view, edit]\n' }
const hash = configHash(shipped)

describe('the hash of a configuration', () => {
  const same: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a comment', { 'config.yaml': `# Ours.\n${shipped['config.yaml']}` }],
    [
      'the order of keys, and how they are written',
      { 'config.yaml': 'roles:\n- view\n- edit\nperiod:\n  maximum: 24h\n  minimum: "10m"\ncluster: lab' },
    ],
    [
      'the file that says it',
      {
        'config.yaml': 'cluster: x\nperiod: { minimum: 10m }\nroles: [view, edit]',
        'values.yaml': 'cluster: lab\nperiod: { maximum: 24h }',
      },
    ],
    ['what functions do not read', { ...shipped, 'notes.txt': 'cluster: x' }],
  ]
  for (const [name, files] of same) it(`does not tell ${name}`, () => assert.equal(configHash(files), hash))

  const other = [
    ['a value deep inside', 'period: { maximum: 8h }'],
    ['the order of a list', 'roles: [edit, view]'],
    ['one more key', 'homeDomain: example.com'],
  ] as const
  for (const [name, values] of other)
    it(`tells ${name}`, () => assert.notEqual(configHash({ ...shipped, 'values.yaml': values }), hash))

  it('is short, and a label could have it', () => assert.match(hash, /^[0-9a-f]{16}$/))
})
