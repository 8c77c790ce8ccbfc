import { wantedOfLease } from '#core/session/plan-login'
import { inParallel } from '#io/in-parallel'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import { cleanUp } from './clean-up.ts'
import { makeSession } from './make-session.ts'
import type { PersonQueue } from './person-queue.ts'
import type { ProvisionerDeps } from './provisioner-deps.ts'

const atOnce = 8

/**
 * Brings everything to rest that a process before us left unfinished: completes what somebody still waits for, ends what is past
 * due. To be awaited before the first event. Nothing is completed while the guard is in doubt: it then ends when its time is up.
 * Nobody keeps the others waiting or the process from starting: whoever cannot be brought to rest is told of, and whoever's turn
 * had not come when `signal` fired is counted. Timers and sweeps look at them again, and every event judges a session anew.
 */
export async function recoverSessions(deps: ProvisionerDeps, queue: PersonQueue, signal: AbortSignal): Promise<void> {
  let left = 0
  await inParallel([...deps.view.names()], atOnce, name =>
    queue.run(name, async () => {
      try {
        signal.throwIfAborted()
        await bringToRest(deps, name, signal)
      } catch (error) {
        if (signal.aborted) left += 1
        else if (gotNoAnswer(error)) deps.warn('the API server did not answer for a session', { subject: name, error })
        else deps.alarm('what an earlier process left cannot be brought to rest yet', { subject: name, error })
      }
    }),
  )
  if (left > 0) deps.warn('what earlier processes left is not all at rest: timers and sweeps go on', { left })
}

function gotNoAnswer(error: unknown): boolean {
  return failedWith(error, 'unavailable') || (error instanceof DOMException && error.name === 'TimeoutError')
}

async function bringToRest(deps: ProvisionerDeps, name: string, signal: AbortSignal): Promise<void> {
  await cleanUp(deps, name, signal)
  const { lease } = deps.view.know(name)
  const wanted = lease && lease.phase !== 'ended' ? wantedOfLease(lease) : undefined
  if (!wanted || deps.now() >= wanted.expiresAt || deps.guardDoubt() !== undefined) return
  // Its token is minted when the request comes again, or the credential is asked for.
  const outcome = await makeSession(deps, wanted, { signal, withToken: false })
  deps.warn('an unfinished login was found and completed', { subject: name, outcome: outcome.kind })
}
