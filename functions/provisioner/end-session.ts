import { formatInstant } from '#core/instant'
import { Problem } from '#core/problem'
import type { Observed } from '#core/session/observed'
import { type Ending, planEnd } from '#core/session/plan-end'
import type { SessionRecord } from '#core/session/session-record'
import { createEvent, type EventOf, sourceOf, type TkaEvent } from '#events'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import { carryOut, type MadeObjects } from './carry-out.ts'
import { lookClosely } from './look-closely.ts'
import type { CleanupDeps } from './provisioner-deps.ts'

type SessionEnded = EventOf<'dev.tka.session.ended.v1'>

/** How an end went. */
export interface EndedSession {
  readonly kind: 'ended'
  readonly observed: Observed
  /** What `session.ended` says of it. */
  readonly data: SessionEnded['data']
  /** What still holds the ServiceAccount, so that no new session can begin. */
  readonly held?: string
  /** True when this process told of it before and nothing has happened since: only who asked is answered. */
  readonly told: boolean
}

/** Another process wrote the Lease meanwhile: whether anything is to be ended has to be decided again. */
export interface Overtaken {
  readonly kind: 'overtaken'
  readonly observed: Observed
}

/** More steps than this mean that somebody makes things as fast as they are taken away. */
const mostSteps = 20

/** However long others wait: an end is carried through. */
const endTimeoutMs = 15_000

/**
 * Takes everything of a person away and proves that access is gone. Throws Problem `access-may-remain` when it cannot be proved,
 * KubernetesError when the API server fails.
 */
export async function endSession(
  deps: CleanupDeps,
  start: Observed,
  ending: Ending,
): Promise<EndedSession | Overtaken> {
  const signal = AbortSignal.timeout(endTimeoutMs)
  const begun = deps.monotonic()
  const made: MadeObjects = { serviceAccounts: [], bindings: [] }
  let observed: Observed = { ...start, refused: false }
  let sure = false
  for (let steps = 0; steps < mostSteps; steps++) {
    expectNoBinding(deps, observed)
    const step = planEnd(observed, ending, deps.now())
    switch (step.kind) {
      case 'act': {
        const known = observed
        const done = await carryOut(deps, known, step.actions, made, signal).catch((error: unknown) =>
          endIdentity(deps, known, error, signal),
        )
        observed = done.observed
        if (done.surprised && isBegunAgain(observed)) return { kind: 'overtaken', observed }
        break
      }
      case 'stuck':
        if (sure) {
          deps.alarm(step.alarm, { subject: observed.name, reason: ending.reason })
          throw new Problem('access-may-remain')
        }
        // What is known may be behind: nobody is alarmed about what is gone already.
        observed = await lookClosely(deps, observed.name, signal)
        if (isBegunAgain(observed)) return { kind: 'overtaken', observed }
        sure = true
        break
      case 'done': {
        const told = wasTold(deps, observed)
        if (step.held !== undefined && !told) {
          deps.alarm(step.held, { subject: observed.name, reason: ending.reason })
          if (observed.serviceAccount) deps.heldTold.set(observed.name, observed.serviceAccount.uid)
        }
        const data = describeEnd(start.lease, observed.lease, ending, deps.monotonic() - begun)
        deps.ended(start.lease, data)
        return { kind: 'ended', observed, data, told, ...(step.held === undefined ? {} : { held: step.held }) }
      }
    }
  }
  deps.alarm('objects of a session come back as they are taken away', { subject: observed.name })
  throw new Problem('access-may-remain')
}

/**
 * The last resort where a binding cannot be deleted, because another's policy forbids it, say: without its ServiceAccount a token is
 * good for ten more seconds at most. Throws, always: nobody may be told that access is gone while its binding stands.
 */
async function endIdentity(
  deps: CleanupDeps,
  { name, serviceAccount }: Observed,
  error: unknown,
  signal: AbortSignal,
): Promise<never> {
  if (!failedWith(error, 'denied', 'forbidden', 'invalid')) throw error
  deps.alarm('the API server refuses to end a session', { subject: name, error })
  if (serviceAccount && !serviceAccount.deleting) await deps.cluster.deleteServiceAccount(serviceAccount, { signal })
  throw new Problem('access-may-remain', '', { cause: error })
}

/** True when the Lease, read anew, speaks of a session that lives: not ours to end without another decision. */
function isBegunAgain({ lease }: Observed): boolean {
  return lease !== undefined && lease.phase !== 'ended'
}

function describeEnd(
  before: SessionRecord | undefined,
  after: SessionRecord | undefined,
  ending: Ending,
  revokedInMs: number,
): SessionEnded['data'] {
  const { session, role, validUntil } = after ?? {}
  const repeated = before?.phase === 'ended' && before.endedBy !== undefined && before.endedBy === ending.endedBy
  const hadAccess = before?.phase === 'live' || (repeated && before.serviceAccountUid !== undefined)
  return {
    ...(ending.endedBy === undefined ? {} : { request: ending.endedBy }),
    ...(session === undefined ? {} : { session }),
    reason: ending.reason,
    ...(validUntil === undefined ? {} : { validUntil: formatInstant(validUntil) }),
    ...(role === undefined ? {} : { role }),
    revokedInMs: Math.round(revokedInMs * 10) / 10,
    hadAccess,
  }
}

/** Tells of an end that no delivery asked for. */
export function announceEnd(deps: CleanupDeps, { observed, data, told }: EndedSession): void {
  if (!told) deps.announce(sessionEnded(deps, observed.name, data))
}

/** Nobody but a stranger binds a ServiceAccount whose end was told of: it may have given access, so its end is told of anew. */
function expectNoBinding(deps: CleanupDeps, observed: Observed): void {
  const [planted] = observed.bindings
  if (!planted || !wasTold(deps, observed)) return
  deps.heldTold.delete(observed.name)
  const { name, namespace } = planted
  deps.alarm('a binding was made for a session that had ended', { subject: observed.name, binding: name, namespace })
}

/** True when this process told of the end already, and something has held the ServiceAccount ever since. */
function wasTold({ heldTold }: CleanupDeps, { name, serviceAccount }: Observed): boolean {
  return serviceAccount !== undefined && heldTold.get(name) === serviceAccount.uid
}

/** The event that says so: an answer where `cause` is given. */
export function sessionEnded(
  deps: Pick<CleanupDeps, 'config' | 'now'>,
  subject: string,
  data: SessionEnded['data'],
  cause?: TkaEvent,
): SessionEnded {
  return createEvent('dev.tka.session.ended.v1', {
    source: sourceOf(deps.config.cluster, 'provisioner'),
    subject,
    data,
    now: deps.now(),
    ...(cause === undefined ? {} : { cause }),
  })
}
