import { Problem } from '#core/problem'
import type { Action } from '#core/session/actions'
import type { Observed } from '#core/session/observed'
import { withdrawExtension } from '#core/session/plan-login'
import { planCleanup, type RevocationStep } from '#core/session/plan-revocation'
import { carryOut, type MadeObjects } from './carry-out.ts'
import { announceEnd, type EndedSession, endSession } from './end-session.ts'
import { lookClosely } from './look-closely.ts'
import type { CleanupDeps } from './provisioner-deps.ts'

/** What became of a revocation. */
export type RevocationOutcome = EndedSession | { readonly kind: 'superseded' } | { readonly kind: 'nothing' }

/** Another process would have to win this often in a row. */
const mostDecisions = 5

/** Decides and carries out, and decides again from the truth whenever another process was faster. */
export async function settle(
  deps: CleanupDeps,
  start: Observed,
  decide: (observed: Observed) => RevocationStep,
  signal: AbortSignal,
): Promise<RevocationOutcome> {
  let observed = start
  for (let decisions = 0; decisions < mostDecisions; decisions++) {
    const step = decide(observed)
    switch (step.kind) {
      case 'nothing':
      case 'superseded':
        return step
      case 'remove-lease':
        await act(deps, observed, [{ do: 'delete-lease', record: step.lease }], signal)
        return { kind: 'nothing' }
      case 'withdraw-extension':
        observed = await act(deps, observed, withdrawExtension(observed, step.lease).actions, signal)
        break
      case 'end': {
        if (step.alarm !== undefined) deps.alarm(step.alarm, { subject: observed.name })
        const end = await endSession(deps, observed, step.ending)
        if (end.kind === 'ended') return end
        observed = end.observed
      }
    }
  }
  throw new Problem('unavailable', 'others kept changing the session.')
}

/** Looks after one person without being asked: ends what is past due and says so. Resolves to what still holds the ServiceAccount. */
export async function cleanUp(deps: CleanupDeps, name: string, signal: AbortSignal): Promise<string | undefined> {
  const decide = (observed: Observed) => planCleanup(observed, deps.now(), deps.config)
  // Most of what wakes us is over by the time we look: a look at what is known costs nothing.
  if (decide(deps.view.know(name)).kind === 'nothing') return undefined
  const outcome = await settle(deps, await lookClosely(deps, name, signal), decide, signal)
  if (outcome.kind !== 'ended') return undefined
  announceEnd(deps, outcome)
  return outcome.held
}

async function act(
  deps: CleanupDeps,
  observed: Observed,
  actions: readonly Action[],
  signal: AbortSignal,
): Promise<Observed> {
  const made: MadeObjects = { serviceAccounts: [], bindings: [] }
  return (await carryOut(deps, observed, actions, made, signal)).observed
}
