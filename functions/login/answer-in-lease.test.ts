import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionRecord } from '#core/session/session-record'
import { answerInLease } from './answer-in-lease.ts'
import { liveRecord } from './testing/trial-sessions.ts'
import type { LoginWish } from './wish.ts'

const sequence = '0000000000000005'
const live = liveRecord({ sequence })
const { serviceAccountUid: _, ...terms } = live
const later = '0000000000000006'
const earlier = '0000000000000004'
const extension = { request: 'r', node: 'node-1', validUntil: 0, requestExpiresAt: 0 }
const end = { phase: 'ended', endedAt: 0, endReason: 'logout' } as const
const wish: LoginWish = {
  ...{ kind: 'login', request: 'r', person: live.name, userId: '7', sequence, role: 'view', validUntil: 0 },
  open: () => Promise.reject(new Error('sealed')),
}

describe('a Lease answers a login', () => {
  const cases: readonly (readonly [string, SessionRecord, string | undefined])[] = [
    ['it is live for this very wish', live, 'granted'],
    ['it is live for a later wish with the same rights', { ...live, sequence: later }, 'granted'],
    ['it is live for a later wish with another role', { ...live, sequence: later, role: 'edit' }, 'superseded'],
    ['it is live for a later wish in namespaces', { ...live, sequence: later, namespaces: ['web'] }, 'superseded'],
    ['it is live for another person of the name', { ...live, userId: '8' }, 'superseded'],
    ['it ended by a later wish', { ...terms, ...end, sequence: later }, 'superseded'],
    ['it ended as it was made', { ...terms, ...end }, 'unavailable'],
    ['it is live for an earlier wish', { ...live, sequence: earlier }, undefined],
    ['it ended before', { ...terms, ...end, sequence: earlier }, undefined],
    ['it is being made', { ...terms, phase: 'provisioning', requestExpiresAt: 0 }, undefined],
    ['it is being extended', { ...live, extension }, undefined],
  ]
  for (const [when, record, answer] of cases) {
    it(`${answer ?? 'with nothing yet'} when ${when}`, () => {
      const given = answerInLease(wish, record)
      assert.equal(given?.kind === 'denied' ? given.code : given?.kind, answer)
    })
  }
})
