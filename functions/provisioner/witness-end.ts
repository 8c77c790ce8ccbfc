import { formatInstant } from '#core/instant'
import type { SessionRecord } from '#core/session/session-record'
import type { EventOf } from '#events'
import type { Audit } from '#io/audit'
import type { Metrics } from '#io/telemetry/metrics'

/** Told of each session that had ended: what its Lease said before, and what `session.ended` says. */
export type EndWitness = (before: SessionRecord | undefined, data: EventOf<'dev.tka.session.ended.v1'>['data']) => void

/** Keeps figures and a record of each end that took somebody's access away. */
export function witnessEnd(deps: {
  readonly audit: Audit
  readonly metrics: Metrics
  /** Epoch milliseconds. */
  readonly now: () => number
}): EndWitness {
  return (before, { reason, revokedInMs }) => {
    // Whatever was not live gave nobody access; an end that is repeated took nothing away.
    if (before?.phase !== 'live') return
    const { login, userId, node, session: id, role, namespaces, validUntil } = before
    deps.metrics.record('tka.session.revocation.duration', revokedInMs / 1000, { reason })
    if (reason === 'expired') deps.metrics.record('tka.session.expiry.lag', (deps.now() - validUntil) / 1000, {})
    deps.audit({
      action: 'session-end',
      decision: 'ended',
      reason,
      login,
      userId,
      node: { id: node },
      session: { id, role, ...(namespaces === undefined ? {} : { namespaces }), validUntil: formatInstant(validUntil) },
      revokedInMs,
    })
  }
}
