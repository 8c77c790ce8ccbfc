import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionRecord } from '#core/session/session-record'
import type { RecentLogin } from './recent-logins.ts'
import { type Knowledge, standingOf } from './standing.ts'
import { liveRecord } from './testing/trial-sessions.ts'
import type { LoginWish } from './wish.ts'

const now = Date.UTC(2026, 10, 23, 10)
const live = liveRecord({ sequence: '0000000000000005', validUntil: now + 1_000 })
const past = { ...live, validUntil: now }
const { serviceAccountUid: _, ...terms } = live
const provisioning: SessionRecord = { ...terms, phase: 'provisioning', requestExpiresAt: now + 1 }
const ended: SessionRecord = { ...terms, phase: 'ended', endedAt: now - 1, endReason: 'logout' }
const { name, sequence } = live
const onlyLogout: SessionRecord = { name, sequence, phase: 'ended', endedAt: now, endReason: 'logout' }
const granted = (at: string, validUntil = now + 1_000): RecentLogin => ({
  kind: 'granted',
  session: { session: 'session-2', role: 'view', validUntil },
  sequence: at.padStart(16, '0'),
  userId: '7',
})
const pending: LoginWish = {
  ...{ kind: 'login', request: 'r', person: name, userId: '7', sequence, role: 'view', validUntil: now + 9 },
  open: () => Promise.reject(new Error('sealed')),
}

describe('how a person stands', () => {
  const cases: readonly (readonly [string, Partial<Knowledge>, string])[] = [
    ['nothing is known', {}, 'none'],
    ['the Lease is live', { record: live }, 'live'],
    ['the Lease is live, but past its end', { record: past }, 'ended'],
    ['the session is being made', { record: provisioning }, 'provisioning'],
    ['nobody waits for the session any more', { record: { ...provisioning, requestExpiresAt: now } }, 'none'],
    ['a request is held', { pending }, 'provisioning'],
    ['a request is held beside a live session', { pending, record: live }, 'live'],
    ['the session is over', { record: ended }, 'ended'],
    ['there was a logout without a session', { record: onlyLogout }, 'none'],
    ['the last login failed', { recent: { kind: 'failed' } }, 'failed'],
    ['the last login failed, and another one is held', { recent: { kind: 'failed' }, pending }, 'provisioning'],
    ['the last login failed, after a session that is over', { recent: { kind: 'failed' }, record: ended }, 'failed'],
    ['the last login failed, after a session past its end', { recent: { kind: 'failed' }, record: past }, 'failed'],
    ['a request is held beside a session past its end', { pending, record: past }, 'provisioning'],
    ['the last login failed, but the session is there', { recent: { kind: 'failed' }, record: live }, 'live'],
    ['a grant is ahead of the watch', { recent: granted('6'), record: ended }, 'live'],
    ['a grant is ahead of the first Lease', { recent: granted('6') }, 'live'],
    ['a grant is ahead of its own Lease', { recent: granted('5'), record: provisioning }, 'live'],
    ['a grant is past its end', { recent: granted('6', now) }, 'ended'],
    ['a grant is over by its own Lease', { recent: granted('5'), record: ended }, 'ended'],
    ['a grant is over by a later wish', { recent: granted('4'), record: ended }, 'ended'],
    ['the watch is broken and showed nothing', { current: false }, 'unknown'],
    ['the watch is broken and showed an end', { current: false, record: ended }, 'unknown'],
    ['the watch is broken and showed a session past its end', { current: false, record: past }, 'unknown'],
    ['the watch is broken and the last login failed', { current: false, recent: { kind: 'failed' } }, 'unknown'],
    ['the watch is broken and showed a session', { current: false, record: live }, 'live'],
    ['the watch is broken and a request is held', { current: false, pending }, 'provisioning'],
    ['the Lease is of somebody with the same login', { record: { ...live, userId: '8' } }, 'none'],
    ['the Lease is of somebody with another login', { record: { ...live, login: 'a@b' } }, 'none'],
  ]
  for (const [what, known, kind] of cases) {
    it(`is ${kind} when ${what}`, () => {
      const nothing = { record: undefined, current: true, recent: undefined, pending: undefined }
      const person = { login: 'alice@example.com', userId: '7' }
      assert.equal(standingOf({ ...person, ...nothing, ...known }, now).kind, kind)
    })
  }
})
