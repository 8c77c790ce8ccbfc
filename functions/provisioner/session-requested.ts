import { checkOffer } from '#core/check-offer'
import { formatInstant } from '#core/instant'
import { serviceAccountName } from '#core/names'
import { Problem } from '#core/problem'
import type { WantedSession } from '#core/session/plan-login'
import { createEvent, type EventOf, EventRefused, fromWireTime, noWish, seal, sourceOf } from '#events'
import { denied } from './denied.ts'
import { makeSession } from './make-session.ts'
import type { ProvisionerDeps } from './provisioner-deps.ts'

type SessionRequested = EventOf<'dev.tka.session.requested.v1'>
type Answer = EventOf<'dev.tka.session.granted.v1' | 'dev.tka.session.denied.v1'>

/** A thousand ClusterRoleBindings cost each request of the cluster about 0.17 ms of CPU. */
const manyClusterWide = 500

/** Grants a session or says why not. What login decided is decided again here: a stolen key must not be worth more than login's rules. */
export async function grantSession(
  deps: ProvisionerDeps,
  event: SessionRequested,
  signal: AbortSignal,
): Promise<Answer> {
  const { data } = event
  requireOwnSubject(deps, event)
  if (event.sequence === noWish) throw new EventRefused('attribute-invalid', 'sequence must be a wish')
  const doubt = deps.guardDoubt()
  if (doubt !== undefined) {
    deps.warn('nothing is granted while the guard is not proved', { subject: event.subject, doubt })
    return denied(deps, event, 'unavailable')
  }
  // A foreign binding shows only in the watches: nothing is granted blindly.
  if (!deps.view.current()) throw new Problem('unavailable', 'a watch is interrupted.')
  try {
    checkOffer({ role: data.role, namespaces: data.namespaces, periodSeconds: data.period }, deps.config)
  } catch (error) {
    if (error instanceof Problem) return denied(deps, event, error.code)
    throw error
  }

  const began = deps.monotonic()
  const outcome = await makeSession(deps, wantedSession(event), { signal, withToken: true })
  deps.metrics.record('tka.phase.duration', (deps.monotonic() - began) / 1000, { phase: 'kubernetes' })
  if (outcome.kind === 'denied') return denied(deps, event, outcome.code)
  const { record, token, renewed } = outcome
  if (!token) throw new Error('a session was made without the token that was asked for')
  const { session, role, namespaces, validUntil } = record
  const clusterWide = namespaces === undefined ? deps.view.clusterWide() : 0
  if (clusterWide > manyClusterWide)
    deps.warn('many sessions reach the whole cluster: each slows every request to it', { clusterWide })
  const sealed = await seal({ token: token.token, exp: token.expiresAt / 1000 }, data.key, {
    request: event.id,
    serviceAccount: event.subject,
    session,
  })
  return createEvent('dev.tka.session.granted.v1', {
    source: sourceOf(deps.config.cluster, 'provisioner'),
    subject: event.subject,
    data: {
      request: event.id,
      session,
      role,
      ...(namespaces === undefined ? {} : { namespaces }),
      validUntil: formatInstant(validUntil),
      renewed,
      sealed,
    },
    now: deps.now(),
    cause: event,
  })
}

/** Throws EventRefused unless the subject is the name that follows from login and user id. */
export function requireOwnSubject(
  deps: Pick<ProvisionerDeps, 'config'>,
  event: { readonly subject: string; readonly data: { readonly login: string; readonly userId: string } },
): void {
  const { install, homeDomain } = deps.config
  if (event.subject !== serviceAccountName(event.data, { install, homeDomain }))
    throw new EventRefused('subject-differs')
}

function wantedSession({ id, subject, sequence, time, expirytime, data }: SessionRequested): WantedSession {
  const askedAt = fromWireTime(time)
  return {
    name: subject,
    login: data.login,
    userId: data.userId,
    node: data.node,
    role: data.role,
    ...(data.namespaces === undefined ? {} : { namespaces: data.namespaces }),
    request: id,
    sequence,
    askedAt,
    validUntil: askedAt + data.period * 1000,
    expiresAt: fromWireTime(expirytime),
  }
}
