import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEvent, createSealingKey, type EventOf } from '#events'
import type { Answer } from './answer.ts'
import { handleAnswer } from './handle-answer.ts'
import { createKeptReplies } from './kept-replies.ts'
import { createRecentLogins } from './recent-logins.ts'
import { deny, grant } from './testing/trial-provisioner.ts'
import { createWaiters } from './waiters.ts'

type Requested = EventOf<'dev.tka.session.requested.v1'>

const data = { login: 'alice@example.com', userId: '7', node: 'node-1' }

/** Somebody who waits for a login, and what answers it. */
async function waiting() {
  const complaints: string[] = []
  const waiters = createWaiters()
  const recents = createRecentLogins(Date.now)
  const replies = createKeptReplies()
  const key = await createSealingKey()
  const request: Requested = createEvent('dev.tka.session.requested.v1', {
    source: '/tka/lab/login',
    subject: 'tka-user-alice',
    now: Date.now(),
    sequence: '0000000000000005',
    data: { ...data, nodeName: 'laptop', role: 'view', period: 3_600, key: key.publicJwk },
  })
  const waiter = waiters.open({
    kind: 'login',
    request: request.id,
    person: request.subject,
    userId: '7',
    sequence: request.sequence,
    role: 'view',
    validUntil: 0,
    open: key.open,
  })
  const handle = handleAnswer({ waiters, recents, replies, mismatch: (_, what) => complaints.push(what) })
  return { waiters, waiter, request, handle, complaints, recents, replies }
}

const settled = async (waiter: { settled: boolean; answer: Promise<Answer> }) =>
  waiter.settled ? await waiter.answer : undefined

describe('an answer', () => {
  it('wakes whoever waits for it, with the token that only they can open', async () => {
    const { waiter, request, handle } = await waiting()
    await handle(await grant(request))
    const answer = await settled(waiter)
    assert.ok(answer?.kind === 'granted')
    assert.deepEqual(answer.credential, { token: `token of ${request.id}`, exp: 2_000_000_000 })
    assert.equal(answer.session.session, request.id)
  })

  it('that nobody waits for is dropped', async () => {
    const { waiter, request, handle, complaints } = await waiting()
    waiter[Symbol.dispose]()
    await handle(await grant(request))
    await handle(deny({ ...request, id: 'unknown' }, 'unavailable'))
    assert.equal(await settled(waiter), undefined)
    assert.deepEqual(complaints, [])
  })

  it('counts the first time only', async () => {
    const { waiter, request, handle } = await waiting()
    await handle(deny(request, 'superseded'))
    await handle(await grant(request))
    assert.deepEqual(await settled(waiter), { kind: 'denied', code: 'superseded' })
  })

  it('with a code of the future is unavailable', async () => {
    const { waiter, request, handle } = await waiting()
    await handle(deny(request, 'moon-phase'))
    assert.deepEqual(await settled(waiter), { kind: 'denied', code: 'unavailable' })
  })

  const wrong: readonly (readonly [
    string,
    (request: Requested) => Promise<Parameters<ReturnType<typeof handleAnswer>>[0]>,
  ])[] = [
    ['about another person', async request => ({ ...(await grant(request)), subject: 'tka-user-mallory' })],
    ['for another role', request => grant(request, { role: 'admin' })],
    ['for namespaces that nobody asked for', request => grant(request, { namespaces: ['web'] })],
    ['whose seal is for another session', request => grant(request, { session: 'other' })],
    [
      'that is sealed to another key',
      async request => {
        const { publicJwk: key } = await createSealingKey()
        return grant({ ...request, data: { ...request.data, key } })
      },
    ],
    [
      'that is a token without a session',
      async request => {
        const { type: _, ...event } = await grant(request)
        const { request: id, session, validUntil, sealed } = event.data
        return { ...event, type: 'dev.tka.credential.issued.v1', data: { request: id, session, validUntil, sealed } }
      },
    ],
    [
      'that is the end of a session',
      async request =>
        createEvent('dev.tka.session.ended.v1', {
          source: '/tka/lab/provisioner',
          subject: request.subject,
          now: Date.now(),
          data: { request: request.id, reason: 'logout', revokedInMs: 1, hadAccess: false },
        }),
    ],
  ]
  for (const [what, answer] of wrong) {
    it(`${what} wakes nobody and is complained of`, async () => {
      const { waiter, request, handle, complaints } = await waiting()
      await handle(await answer(request))
      assert.equal(await settled(waiter), undefined)
      assert.equal(complaints.length, 1)
    })
  }

  it('that a session ended takes back what was kept for it, and only for it', async () => {
    const { request, handle, recents, replies } = await waiting()
    const owner = { person: request.subject, node: 'node-1', session: 's1' }
    const session = { session: 's1', role: 'view', validUntil: Date.now() + 1_000 }
    const over = (ended: string) =>
      handle(
        createEvent('dev.tka.session.ended.v1', {
          source: '/tka/lab/provisioner',
          subject: request.subject,
          now: Date.now(),
          data: { session: ended, reason: 'expired', revokedInMs: 1, hadAccess: true },
        }),
      )
    recents.record(request.subject, { kind: 'granted', session, sequence: request.sequence, userId: '7' })
    replies.keep(owner, { token: 't', exp: 1 })
    await over('s0')
    assert.ok(recents.get(request.subject))
    await over('s1')
    assert.equal(recents.get(request.subject), undefined)
    assert.equal(replies.take(owner), undefined)
  })
})
