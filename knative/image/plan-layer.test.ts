import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Layer, planLayer } from './plan-layer.ts'

const bytes = new Uint8Array()
const file = (path: string) => ({ path, source: bytes, mode: 0o644 })
const pathsOf = (layer: Layer) => planLayer(layer).map(({ path }) => path)

describe('the plan of a layer', () => {
  it('has every parent before what it holds', () => {
    assert.deepEqual(pathsOf([file('/b/c/d'), file('/a')]), ['a', 'b', 'b/c', 'b/c/d'])
  })

  it('is the same in whatever order the entries come', () => {
    const layer = [file('/usr/b'), file('/usr-a'), { path: '/usr', mode: 0o700 }, { path: '/lib', target: 'usr/lib' }]
    assert.deepEqual(planLayer(layer), planLayer(layer.toReversed()))
  })

  it('gives a parent that is not named mode 0755, and leaves one that is as it is', () => {
    assert.deepEqual(planLayer([file('/a/b/c'), { path: '/a', mode: 0o1777 }]).slice(0, 2), [
      { path: 'a', mode: 0o1777 },
      { path: 'a/b', mode: 0o755 },
    ])
  })

  const refused: readonly [string, Layer, RegExp][] = [
    ['a relative path', [file('a')], /^Error: a is not a plain absolute path/],
    ['the root', [file('/')], /is not a plain/],
    ['a path that climbs', [file('/a/../b')], /is not a plain/],
    ['a path twice', [file('/a'), file('/a')], /^Error: \/a occurs twice/],
    ['a file below a file', [file('/a'), file('/a/b')], /\/a\/b lies below \/a, which is no directory/],
    ['a file below a symlink', [{ path: '/lib', target: 'usr/lib' }, file('/lib/b')], /lies below \/lib/],
  ]
  for (const [what, layer, message] of refused)
    it(`refuses ${what}`, () => assert.throws(() => planLayer(layer), message))
})
