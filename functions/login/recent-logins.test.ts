import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRecentLogins } from './recent-logins.ts'

describe('recent logins', () => {
  it('are known for a minute from the last of them', () => {
    let now = 0
    const recents = createRecentLogins(() => now)
    recents.record('alice', { kind: 'failed' })
    now = 30_000
    recents.record('bob', { kind: 'failed' })
    recents.record('alice', { kind: 'failed' })
    now = 60_000
    assert.ok(recents.get('alice'))
    now = 90_000
    assert.equal(recents.get('alice'), undefined)
    assert.equal(recents.get('bob'), undefined)
  })

  it('can be forgotten', () => {
    const recents = createRecentLogins(() => 0)
    recents.record('alice', { kind: 'failed' })
    recents.forget('alice')
    assert.equal(recents.get('alice'), undefined)
  })
})
