import { judgeSession, type SessionLimits } from './judge-session.ts'
import type { Observed } from './observed.ts'
import type { Ending } from './plan-end.ts'
import type { EndedRecord, LiveRecord } from './session-record.ts'

/** A request to take a session away. */
export interface Revocation {
  readonly reason: 'logout' | 'grant-lost' | 'grant-lowered' | 'expired' | 'orphaned'
  /** Id of the request behind it. */
  readonly request: string
  readonly session?: string
  /** The person's wish; absent when nobody wished it, as in a sweep. */
  readonly sequence?: string
}

export type RevocationStep =
  | { readonly kind: 'end'; readonly ending: Ending; readonly alarm?: string }
  /** A later wish of the person overtook this one: nothing is ended. */
  | { readonly kind: 'superseded' }
  /** A live session whose extension has to be taken back (see withdrawExtension). */
  | { readonly kind: 'withdraw-extension'; readonly lease: LiveRecord }
  /** The Lease has told its story for long enough. */
  | { readonly kind: 'remove-lease'; readonly lease: EndedRecord }
  | { readonly kind: 'nothing' }

/** What a revocation comes to. A person's wish ends whatever is there unless it is too old; anybody else's counts only if it is true. */
export function planRevocation(
  observed: Observed,
  revocation: Revocation,
  now: number,
  limits: SessionLimits,
): RevocationStep {
  return revocation.sequence === undefined
    ? planCleanup(observed, now, limits)
    : planWish(observed, { ...revocation, sequence: revocation.sequence })
}

function planWish(observed: Observed, wish: Revocation & { readonly sequence: string }): RevocationStep {
  const { lease } = observed
  const ending = { reason: wish.reason, endedBy: wish.request, sequence: wish.sequence }
  // Where the session is over already, whoever asks is told so, however old the wish is.
  if (!lease || lease.phase === 'ended') return { kind: 'end', ending }
  if (wish.sequence <= lease.sequence) return { kind: 'superseded' }
  // A lost grant speaks of one session only; a logout of the person, whichever session they have by now.
  const another = wish.session !== undefined && wish.session !== lease.session
  return another && wish.reason !== 'logout' ? { kind: 'superseded' } : { kind: 'end', ending }
}

/** What is to be done with a person's objects when nobody asks: timers, sweeps and a start. */
export function planCleanup(observed: Observed, now: number, limits: SessionLimits): RevocationStep {
  const { lease } = observed
  const verdict = judgeSession(observed, now, limits)
  switch (verdict.state) {
    case 'past-due': {
      const ending = { reason: verdict.reason }
      return { kind: 'end', ending, ...(verdict.alarm === undefined ? {} : { alarm: verdict.alarm }) }
    }
    case 'extension-overdue':
      return lease?.phase === 'live' ? { kind: 'withdraw-extension', lease } : { kind: 'nothing' }
    case 'at-rest':
      return lease?.phase === 'ended' && now >= verdict.removableAt
        ? { kind: 'remove-lease', lease }
        : { kind: 'nothing' }
    case 'nothing':
    case 'provisioning':
    case 'live':
      return { kind: 'nothing' }
  }
}
