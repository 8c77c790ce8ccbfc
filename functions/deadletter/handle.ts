import { createEvent, type EventOf, sourceOf } from '#events'
import type { Emit } from '#io/emit'
import type { EventContext } from '#io/receive'

/** The events that somebody may be waiting for an answer to. */
export const answeredTypes = [
  'dev.tka.session.requested.v1',
  'dev.tka.credential.requested.v1',
  'dev.tka.logout.requested.v1',
  'dev.tka.session.revocation.requested.v1',
] as const

type Undelivered = EventOf<(typeof answeredTypes)[number]>

export interface DeadletterDeps {
  /** Name of the cluster. */
  readonly cluster: string
  readonly emit: Emit
  readonly now: () => number
}

/** Tells the person who waits for an event that could not be delivered. By the sink and not by the reply, which Knative throws away. */
export function handleDeadletter(deps: DeadletterDeps) {
  return async (event: Undelivered, { signal, log, message }: EventContext): Promise<undefined> => {
    log.warn('an event could not be delivered', { subject: event.subject, ...deliveryOf(message.headers) })
    // A sweep's finding: nobody waits for it, and the next sweep finds it again.
    if (event.source === sourceOf(deps.cluster, 'sweeper')) return
    const denial = createEvent('dev.tka.session.denied.v1', {
      source: sourceOf(deps.cluster, 'deadletter'),
      subject: event.subject,
      data: { request: requestOf(event), code: 'unavailable', retriable: true },
      cause: event,
      now: deps.now(),
    })
    await deps.emit(denial, { signal })
  }
}

/** A revocation is the second leg of a logout: its request is what the person waits for. */
function requestOf(event: Undelivered): string {
  return event.type === 'dev.tka.session.revocation.requested.v1' ? event.data.request : event.id
}

/** What Knative says of the failed delivery. Nobody signed it: for the log, cut short. */
function deliveryOf(headers: Readonly<Record<string, string>>) {
  const text = (name: string) => headers[`ce-knativeerror${name}`]?.slice(0, 200)
  return { destination: text('dest'), status: text('code') }
}
