import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRecentLogins } from './recent-logins.ts'

describe('recent logins', () => {
  const session = { session: 's1', role: 'view', validUntil: 1 }
  const granted = { kind: 'granted', session, sequence: '1', userId: '7' } as const

  it('that gave a session are known for longer than the watch of the Leases may be silent', () => {
    let now = 0
    const recents = createRecentLogins(() => now)
    recents.record('alice', granted)
    now = 179_999
    assert.equal(recents.get('alice'), granted)
    now = 180_000
    assert.equal(recents.get('alice'), undefined)
  })

  it('that failed are known for a minute from the last of them', () => {
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
