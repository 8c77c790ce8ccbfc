import { formatInstant } from '#core/instant'
import type { ProblemCode } from '#core/problem'
import { judgeSession } from '#core/session/judge-session'
import type { Observed } from '#core/session/observed'
import type { LiveRecord } from '#core/session/session-record'
import { createEvent, type EventOf, seal, sourceOf } from '#events'
import { failedWith } from '#io/kubernetes/kubernetes-error'
import { denied } from './denied.ts'
import { lookClosely } from './look-closely.ts'
import { mintToken } from './make-session.ts'
import type { ProvisionerDeps } from './provisioner-deps.ts'
import { requireOwnSubject } from './session-requested.ts'

type CredentialRequested = EventOf<'dev.tka.credential.requested.v1'>
type Answer = EventOf<'dev.tka.credential.issued.v1' | 'dev.tka.session.denied.v1'>

/**
 * Mints another token of a live session. The node is not compared with the Lease's: two devices of one person may share a session,
 * and only login can ask the tailnet whether this one's rules give the session's rights.
 */
export async function issueCredential(
  deps: ProvisionerDeps,
  event: CredentialRequested,
  signal: AbortSignal,
): Promise<Answer> {
  requireOwnSubject(deps, event)
  if (deps.guardDoubt() !== undefined) return denied(deps, event, 'unavailable')
  let checked = check(deps, deps.view.know(event.subject), event)
  if (typeof checked === 'string') checked = check(deps, await lookClosely(deps, event.subject, signal), event)
  if (typeof checked === 'string') return denied(deps, event, checked)

  const token = await mintToken(deps, checked, signal).catch((error: unknown) => {
    // This very ServiceAccount is gone, so the session is.
    if (failedWith(error, 'not-found', 'conflict')) return undefined
    throw error
  })
  if (!token) return denied(deps, event, 'not-signed-in')
  const { session, validUntil } = checked
  const sealed = await seal({ token: token.token, exp: token.expiresAt / 1000 }, event.data.key, {
    request: event.id,
    serviceAccount: event.subject,
    session,
  })
  return createEvent('dev.tka.credential.issued.v1', {
    source: sourceOf(deps.config.cluster, 'provisioner'),
    subject: event.subject,
    data: { request: event.id, session, validUntil: formatInstant(validUntil), sealed },
    now: deps.now(),
    cause: event,
  })
}

/** The live session that the request is about, or why there is none. */
function check(deps: ProvisionerDeps, observed: Observed, { data }: CredentialRequested): LiveRecord | ProblemCode {
  const { lease } = observed
  if (lease?.phase === 'provisioning' && lease.session === data.session) return 'still-provisioning'
  if (lease?.phase !== 'live' || lease.session !== data.session) return 'not-signed-in'
  if (lease.login !== data.login || lease.userId !== data.userId) return 'not-signed-in'
  return judgeSession(observed, deps.now(), deps.config).state === 'live' ? lease : 'not-signed-in'
}
