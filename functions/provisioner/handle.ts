import { Problem } from '#core/problem'
import type { EventOf, TkaEvent } from '#events'
import { KubernetesError } from '#io/kubernetes/kubernetes-error'
import { issueCredential } from './credential-requested.ts'
import type { PersonQueue } from './person-queue.ts'
import type { acceptedTypes, ProvisionerDeps } from './provisioner-deps.ts'
import { revokeSession } from './revocation-requested.ts'
import { grantSession } from './session-requested.ts'

export type AcceptedEvent = EventOf<(typeof acceptedTypes)[number]>

/** Answers one delivery; the deliveries about one person wait for each other. Throws Problem `unavailable` when it may be repeated. */
export function handleEvents(deps: ProvisionerDeps, queue: PersonQueue) {
  return (event: AcceptedEvent, context: { readonly signal: AbortSignal }): Promise<TkaEvent | undefined> =>
    queue.run(event.subject, async () => {
      try {
        return await answer(deps, event, context.signal)
      } catch (error) {
        if (error instanceof KubernetesError) throw new Problem('unavailable', '', { cause: error })
        throw error
      }
    })
}

function answer(deps: ProvisionerDeps, event: AcceptedEvent, signal: AbortSignal): Promise<TkaEvent | undefined> {
  switch (event.type) {
    case 'dev.tka.session.requested.v1':
      return grantSession(deps, event, signal)
    case 'dev.tka.credential.requested.v1':
      return issueCredential(deps, event, signal)
    case 'dev.tka.session.revocation.requested.v1':
      return revokeSession(deps, event, signal)
  }
}
