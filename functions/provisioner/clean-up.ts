import type { Observed } from '#core/session/observed'
import { withdrawExtension } from '#core/session/plan-login'
import { planCleanup, type RevocationStep } from '#core/session/plan-revocation'
import type { EventOf } from '#events'
import { carryOut, type MadeObjects } from './carry-out.ts'
import { endSession, sessionEnded } from './end-session.ts'
import { lookClosely } from './look-closely.ts'
import type { CleanupDeps } from './provisioner-deps.ts'

/** Carries out what a revocation came to; gives what `session.ended` says when something was ended. */
export async function carryThrough(
  deps: CleanupDeps,
  observed: Observed,
  step: Exclude<RevocationStep, { kind: 'superseded' }>,
  signal: AbortSignal,
): Promise<EventOf<'dev.tka.session.ended.v1'>['data'] | undefined> {
  switch (step.kind) {
    case 'nothing':
      return undefined
    case 'remove-lease':
      await act(deps, observed, [{ do: 'delete-lease', record: step.lease }], signal)
      return undefined
    case 'withdraw-extension': {
      const dated = await act(deps, observed, withdrawExtension(observed, step.lease).actions, signal)
      if (dated.lease?.phase === 'live' && dated.lease.extension)
        await act(deps, dated, withdrawExtension(dated, dated.lease).actions, signal)
      return undefined
    }
    case 'end': {
      if (step.alarm !== undefined) deps.alarm(step.alarm, { subject: observed.name })
      return (await endSession(deps, observed, step.ending)).data
    }
  }
}

/** Looks after one person without being asked: ends what is past due and says so. */
export async function cleanUp(deps: CleanupDeps, name: string, signal: AbortSignal): Promise<void> {
  // Most of what wakes us is over by the time we look: a look at what is known costs nothing.
  if (planCleanup(deps.view.know(name), deps.now(), deps.config).kind === 'nothing') return
  const observed = await lookClosely(deps, name, signal)
  const step = planCleanup(observed, deps.now(), deps.config)
  if (step.kind === 'superseded') return
  const ended = await carryThrough(deps, observed, step, signal)
  if (ended) deps.announce(sessionEnded(deps, name, ended))
}

function act(deps: CleanupDeps, observed: Observed, actions: Parameters<typeof carryOut>[2], signal: AbortSignal) {
  const made: MadeObjects = { serviceAccounts: [], bindings: [] }
  return carryOut(deps, observed, actions, made, signal)
}
