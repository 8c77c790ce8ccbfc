import type { Observed } from '#core/session/observed'
import { planRevocation, type Revocation } from '#core/session/plan-revocation'
import { type EventOf, EventRefused, noWish, sourceOf } from '#events'
import { settle } from './clean-up.ts'
import { denied } from './denied.ts'
import { sessionEnded } from './end-session.ts'
import { lookClosely } from './look-closely.ts'
import type { CleanupDeps } from './provisioner-deps.ts'

type RevocationRequested = EventOf<'dev.tka.session.revocation.requested.v1'>
type Answer = EventOf<'dev.tka.session.ended.v1' | 'dev.tka.session.denied.v1'>

/** Ends a session when a person wished it, or when it is past due; a sweep that was wrong, or too early, gets no answer. */
export async function revokeSession(
  deps: CleanupDeps,
  event: RevocationRequested,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { subject, data } = event
  if (!subject.startsWith(`${deps.config.install}-user-`)) throw new EventRefused('subject-differs')
  const wished = event.sequence !== noWish && event.source === sourceOf(deps.config.cluster, 'logout')
  const revocation: Revocation = {
    reason: data.reason,
    request: data.request,
    ...(data.session === undefined ? {} : { session: data.session }),
    ...(wished ? { sequence: event.sequence } : {}),
  }
  // A person's logout goes ahead on what is known: the Lease's resourceVersion tells if that was behind. A sweep has time.
  const observed = wished ? deps.view.know(subject) : await lookClosely(deps, subject, signal)
  const decide = (known: Observed) => planRevocation(known, revocation, deps.now(), deps.config)
  const outcome = await settle(deps, observed, decide, signal)
  switch (outcome.kind) {
    case 'ended': {
      // A person who asks is answered each time; a sweep finds what is held every minute.
      if (!wished && outcome.told) return undefined
      const ended = wished ? outcome.data : { ...outcome.data, request: data.request }
      return sessionEnded(deps, subject, ended, event)
    }
    case 'superseded':
      return denied(deps, event, 'superseded', data.request)
    case 'nothing':
      return undefined
  }
}
