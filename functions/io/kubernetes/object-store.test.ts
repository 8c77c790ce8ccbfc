import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createObjectStore } from './object-store.ts'

const object = (
  key: string,
  version: number,
  value: string | undefined = `${key} at ${version}`,
  uid = `uid-${key}`,
) => ({
  key,
  uid,
  resourceVersion: String(version),
  value,
})

describe('what is known of objects', () => {
  it('never goes back to an older version, however late it is told', () => {
    const store = createObjectStore<string>()
    store.put(object('a', 12))
    store.put(object('a', 9))
    assert.equal(store.get('a'), 'a at 12')
  })

  it('forgets an object that we deleted, and does not take it back from a late event', () => {
    const store = createObjectStore<string>()
    store.put(object('a', 1))
    store.drop('a', 'uid-a')
    store.put(object('a', 2))
    assert.equal(store.get('a'), undefined)
    store.put(object('a', 3, 'the next of that name', 'uid-next'))
    assert.equal(store.get('a'), 'the next of that name')
  })

  it('keeps the next object of a name when the last one’s deletion is told late', () => {
    const store = createObjectStore<string>()
    store.put(object('a', 1))
    store.put(object('a', 3, 'next', 'uid-next'))
    store.drop('a', 'uid-a')
    assert.equal(store.get('a'), 'next')
  })

  it('loses with a new list what is gone, but not what was written after the list was read', () => {
    const store = createObjectStore<string>()
    store.put(object('gone', 3))
    store.put(object('ours', 20))
    store.replace([object('listed', 8)], '10')
    assert.deepEqual(
      [store.get('gone'), store.get('ours'), store.get('listed')],
      [undefined, 'ours at 20', 'listed at 8'],
    )
  })

  it('tells of each change once', () => {
    const store = createObjectStore<string>()
    const told: (string | undefined)[] = []
    const stop = store.onChange((_key, value) => told.push(value))
    store.put(object('a', 1))
    store.put(object('a', 1))
    store.put({ ...object('a', 2), value: undefined })
    store.drop('a')
    stop()
    store.put(object('b', 5))
    assert.deepEqual(told, ['a at 1', undefined])
  })
})
