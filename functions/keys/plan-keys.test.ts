import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Ask, type KeysOfFunction, mustBegin, planKeys } from './plan-keys.ts'

const timing = { leadMs: 300_000, graceMs: 600_000 }
const start = 1_800_000_000_000
const year = 365 * 86_400_000

/** A function's keys and what steps do to them, one at a time. */
function world(initial: KeysOfFunction = { published: [] }) {
  const state = { keys: initial, now: start, made: 0 }
  const steps: string[] = []
  const act = (ask: Ask, begin: boolean): boolean => {
    const step = planKeys(state.keys, { ask, begin, now: state.now, timing })
    steps.push(step.kind)
    const { current, next, published } = state.keys
    switch (step.kind) {
      case 'done':
        return false
      case 'wait':
        assert.ok(step.until > state.now, 'waits for what is past')
        state.now = step.until
        break
      case 'generate':
        state.made += 1
        state.keys = { ...state.keys, next: `k${state.made}` }
        break
      case 'publish': {
        const others = published.filter(({ kid }) => kid !== step.kid)
        const entry = { kid: step.kid, notBefore: step.notBefore, notAfter: state.now + year }
        state.keys = { ...state.keys, published: [...others, entry] }
        break
      }
      case 'switch':
        assert.ok(next !== undefined)
        state.keys = { current: next, published }
        break
      case 'retire':
        assert.ok(current === undefined || !step.kids.includes(current))
        state.keys = {
          ...state.keys,
          published: published.map(key => (step.kids.includes(key.kid) ? { ...key, notAfter: step.at } : key)),
        }
        break
      case 'remove':
        state.keys = { ...state.keys, published: published.filter(({ kid }) => !step.kids.includes(kid)) }
        break
    }
    return true
  }
  /** Runs a job; with `dies` it ends after so many steps. True when it was done. */
  const run = (ask: Ask, dies = Number.POSITIVE_INFINITY): boolean => {
    let begin = mustBegin(state.keys, ask)
    for (let step = 0; step < 30; step++) {
      if (step >= dies) return false
      if (!act(ask, begin)) return true
      begin = false
    }
    return assert.fail(`does not end: ${steps.join(' ')}`)
  }
  return { state, steps, run }
}

describe('the keys of a function', () => {
  it('are made where there are none, and signed with at once', () => {
    const { state, steps, run } = world()
    run('make')
    assert.deepEqual(steps, ['generate', 'publish', 'switch', 'done'])
    assert.deepEqual(state.keys, {
      current: 'k1',
      published: [{ kid: 'k1', notBefore: start, notAfter: start + year }],
    })
    assert.equal(state.now, start)
  })

  for (const ask of ['make', 'rotate'] as const) {
    it(`are published at once where the public keys were lost, when asked to ${ask}`, () => {
      const { state, steps, run } = world({ current: 'k0', published: [] })
      run(ask)
      assert.deepEqual(steps, ['publish', 'done'])
      assert.deepEqual(state.keys.published, [{ kid: 'k0', notBefore: start, notAfter: start + year }])
    })
  }

  it('are published before the next one is waited for, where they were lost in a rotation', () => {
    const { steps, run } = world({ current: 'k0', next: 'k1', published: [] })
    run('rotate')
    assert.deepEqual(steps.slice(0, 3), ['publish', 'publish', 'wait'])
  })

  it('are left alone where there are some', () => {
    const { steps, run } = world()
    run('make')
    steps.length = 0
    run('make')
    assert.deepEqual(steps, ['done'])
  })

  it('are rotated consumers first: published, waited for, switched, retired, removed', () => {
    const { state, steps, run } = world()
    run('make')
    steps.length = 0
    run('rotate')
    assert.deepEqual(steps, ['generate', 'publish', 'wait', 'switch', 'retire', 'wait', 'remove', 'done'])
    assert.equal(state.now, start + timing.leadMs + timing.graceMs)
    assert.deepEqual([state.keys.current, state.keys.published.map(({ kid }) => kid)], ['k2', ['k2']])
  })

  it('are replaced at once when they are stolen, whatever was under way', () => {
    const { state, run } = world()
    run('make')
    run('rotate', 2)
    run('replace')
    assert.equal(state.now, start)
    assert.deepEqual([state.keys.current, state.keys.published.map(({ kid }) => kid)], ['k3', ['k3']])
  })

  it('are published again where somebody took the public ones away', () => {
    const { state, steps, run } = world({ current: 'k9', published: [] })
    run('make')
    assert.deepEqual(steps, ['publish', 'done'])
    assert.equal(state.keys.published[0]?.notBefore, start)
  })

  it('are what they should be after any number of jobs that died, and no rotation is begun while one is half done', () => {
    const ask = fc.constantFrom<Ask>('make', 'rotate')
    fc.assert(
      fc.property(fc.array(fc.tuple(ask, fc.nat(9)), { maxLength: 8 }), ask, (jobs, last) => {
        const { state, run } = world()
        for (const [wanted, dies] of jobs) {
          run(wanted, dies)
          const { current, published } = state.keys
          const key = published.find(({ kid }) => kid === current)
          // Whoever signs is believed, at every moment from the first switch on.
          if (current !== undefined) assert.ok(key && key.notBefore <= state.now && state.now < key.notAfter)
        }
        const before = state.made
        run(last)
        assert.ok(state.made - before <= 1)
        const { current, next, published } = state.keys
        assert.equal(next, undefined)
        assert.deepEqual(
          published.map(({ kid }) => kid),
          [current],
        )
      }),
    )
  })
})
