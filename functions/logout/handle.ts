import type { Person } from '#core/names'
import { LeaseUnreadable } from '#core/session/lease-codec'
import type { SessionRecord } from '#core/session/session-record'
import { createEvent, type EventOf, EventRefused } from '#events'
import type { EventContext } from '#io/receive'

export interface LogoutDeps {
  /** Source of our events. */
  readonly source: string
  /** Name of a person's ServiceAccount and Lease. */
  readonly nameOf: (person: Person) => string
  /** What the Lease of that name says; rejects with LeaseUnreadable when it says nothing. */
  readonly getSession: (name: string, options: { readonly signal: AbortSignal }) => Promise<SessionRecord | undefined>
  readonly now: () => number
}

type Reason = EventOf<'dev.tka.session.revocation.requested.v1'>['data']['reason']

const reasons: Readonly<Record<EventOf<'dev.tka.logout.requested.v1'>['data']['reason'], Reason>> = {
  asked: 'logout',
  'grant-lost': 'grant-lost',
  'grant-lowered': 'grant-lowered',
}

/**
 * Turns "this person wants out" into "revoke this session". Also where no session is found, and for an older wish than the Lease's:
 * the provisioner keeps the order, and a logout that overtook its login must leave its sequence.
 */
export function handleLogout(deps: LogoutDeps) {
  return async (
    event: EventOf<'dev.tka.logout.requested.v1'>,
    { signal, log }: Pick<EventContext, 'signal' | 'log'>,
  ): Promise<EventOf<'dev.tka.session.revocation.requested.v1'>> => {
    const { subject, data } = event
    if (deps.nameOf(data) !== subject)
      throw new EventRefused('subject-differs', 'subject must follow from login and userId')
    const record = await deps.getSession(subject, { signal }).catch((error: unknown) => {
      if (!(error instanceof LeaseUnreadable)) throw error
      log.error('revoking without knowing the session: its Lease cannot be read', { subject, error })
      return undefined
    })
    const session = record === undefined || record.phase === 'ended' ? undefined : record.session
    return createEvent('dev.tka.session.revocation.requested.v1', {
      source: deps.source,
      subject,
      data: { request: event.id, reason: reasons[data.reason], ...(session === undefined ? {} : { session }) },
      cause: event,
      now: deps.now(),
    })
  }
}
