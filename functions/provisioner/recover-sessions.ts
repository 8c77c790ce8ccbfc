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
 * Whoever cannot be brought to rest (a foreign finalizer, say) is alarmed about and keeps nobody else waiting: timers and sweeps
 * try again. Rejects when the API server does not answer.
 */
export async function recoverSessions(deps: ProvisionerDeps, queue: PersonQueue, signal: AbortSignal): Promise<void> {
  await inParallel([...deps.view.names()], atOnce, name =>
    queue.run(name, async () => {
      try {
        await bringToRest(deps, name, signal)
      } catch (error) {
        if (signal.aborted || failedWith(error, 'unavailable')) throw error
        deps.alarm('what an earlier process left cannot be brought to rest yet', { subject: name, error })
      }
    }),
  )
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
