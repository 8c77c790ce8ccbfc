import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '#core/problem'
import type { TailnetPerson } from '#core/tailnet-identity'
import { compareSequence } from '#events'
import type { Answer, KnownSession } from './answer.ts'
import { awaitAnswer } from './await-answer.ts'
import type { LoginDeps } from './deps.ts'
import { standingOfPerson } from './person.ts'
import { logoutRequested } from './request-logout.ts'
import type { EndedSession } from './standing.ts'
import type { LogoutWish } from './wish.ts'

/** How long after its end a session can still be logged out of, so that a client which does so to be sure is not refused. */
const graceMs = 600_000

/** For so long the API server may take a token for good whose ServiceAccount is gone. */
const tokenCacheMs = 10_000

/** What a logout ended; `undefined` where login cannot know it, since the watch of the Leases is broken. */
type Ended = Omit<KnownSession, 'session'> | undefined

/**
 * Ends what a person holds, and resolves with what that was once access is gone. Throws `already-signed-out` where there is
 * nothing, `superseded` when a later login overtook it, `access-may-remain` when nobody confirmed the end.
 */
export async function logOut(person: TailnetPerson, deps: LoginDeps): Promise<Ended> {
  const held = heldBy(person, deps)
  const { login, userId, node } = person
  const event = logoutRequested({ login, userId, node: node.id, reason: 'asked' }, deps)
  const wish: LogoutWish = { kind: 'logout', request: event.id, person: event.subject, sequence: event.sequence }
  using waiter = deps.waiters.open(wish)
  const { holdMs } = deps.config.login
  // Sent until it is taken even if the person has gone: they asked for the end of their access.
  void deps.delivery.deliver(event, { until: deps.now() + holdMs, needed: () => !waiter.settled })
  deps.replies.forget(wish.person)
  const answer = await awaitAnswer(waiter, { holdMs, otherwise: signal => inCluster(wish, signal, deps) })
  if (answer?.kind === 'ended') {
    deps.recents.forget(wish.person)
    return held
  }
  const superseded = answer?.kind === 'denied' && answer.code === 'superseded'
  throw new Problem(superseded ? 'superseded' : 'access-may-remain')
}

function heldBy(person: TailnetPerson, deps: LoginDeps): Ended {
  const standing = standingOfPerson(person, deps)
  switch (standing.kind) {
    case 'live':
    case 'provisioning':
      return standing.session
    case 'ended':
      return endedLately(standing, deps)
    case 'failed':
      return endedLately(standing.before, deps)
    case 'unknown':
      return undefined
    case 'none':
      return endedLately(undefined, deps)
  }
}

function endedLately(ended: EndedSession | undefined, { now }: LoginDeps): KnownSession {
  if (ended && now() - ended.endedAt < graceMs) return ended.session
  throw new Problem('already-signed-out')
}

/** Where the event got lost: the Lease says ended, the ServiceAccount is gone, and no cached token outlives it. */
async function inCluster(wish: LogoutWish, signal: AbortSignal, deps: LoginDeps): Promise<Answer> {
  await deps.sessions.waitFor(
    wish.person,
    ({ phase, sequence }) => phase === 'ended' && compareSequence(sequence, wish.sequence) >= 0,
    { signal },
  )
  // Where the cluster does not answer either, nothing is confirmed.
  const gone = () => deps.serviceAccountGone(wish.person, signal).catch(() => false)
  while (!(await gone())) await sleep(500, undefined, { signal })
  await sleep(tokenCacheMs, undefined, { signal })
  return { kind: 'ended' }
}
