import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { groupObjects } from './group-objects.ts'
import { createObjectStore } from './object-store.ts'

interface Binding {
  readonly key: string
  readonly names: readonly string[]
}

const name = fc.constantFrom('alice', 'bob', 'carol')
const key = fc.constantFrom('a', 'b', 'c', 'd')

describe('objects found by their group', () => {
  it('are those that a look at all of them finds, after whatever happened', () => {
    const change = fc.record({ key, names: fc.option(fc.uniqueArray(name), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(change), changes => {
        const store = createObjectStore<Binding>()
        const of = groupObjects(store, ({ names }) => names)
        for (const [version, { key, names }] of changes.entries())
          if (names === undefined) store.drop(key)
          else store.put({ key, uid: key, resourceVersion: String(version), value: { key, names } })
        for (const group of ['alice', 'bob', 'carol', 'nobody']) {
          const expected = store.values().filter(({ names }) => names.includes(group))
          assert.deepEqual(new Set(of(group)), new Set(expected))
        }
      }),
    )
  })
})
