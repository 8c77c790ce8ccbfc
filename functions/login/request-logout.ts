import { createEvent, type EventOf, sourceOf } from '#events'
import type { LoginDeps } from './deps.ts'
import { nameOf } from './person.ts'

/** Whose session is to end, and why. */
export interface LogoutRequest {
  readonly login: string
  readonly userId: string
  /** Stable node id. */
  readonly node: string
  readonly reason: EventOf<'dev.tka.logout.requested.v1'>['data']['reason']
}

/** Makes the event that asks for the end of whatever a person holds. */
export function logoutRequested(request: LogoutRequest, deps: LoginDeps): EventOf<'dev.tka.logout.requested.v1'> {
  const subject = nameOf(request, deps)
  return createEvent('dev.tka.logout.requested.v1', {
    source: sourceOf(deps.config.cluster, 'login'),
    subject,
    now: deps.now(),
    sequence: deps.nextSequence(subject),
    data: request,
  })
}

/** Asks for the end of whatever a person holds; resolves when the broker has taken it, or the time for that is over. */
export async function endSession(request: LogoutRequest, deps: LoginDeps): Promise<void> {
  const event = logoutRequested(request, deps)
  deps.replies.forget(event.subject)
  await deps.delivery.deliver(event, { until: deps.now() + deps.config.login.holdMs })
}
