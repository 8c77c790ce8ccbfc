import { Problem, type ProblemCode } from '#core/problem'
import { nothingObserved, type Observed } from '#core/session/observed'
import { planLogin, type WantedSession } from '#core/session/plan-login'
import type { EndReason, LiveRecord, SessionRecord } from '#core/session/session-record'
import { failedWith, KubernetesError } from '#io/kubernetes/kubernetes-error'
import type { MintedToken } from '#io/kubernetes/session-cluster'
import { carryOut, type MadeObjects } from './carry-out.ts'
import { announceEnd, endSession } from './end-session.ts'
import { lookClosely } from './look-closely.ts'
import type { CleanupDeps } from './provisioner-deps.ts'

/** A session that is live, with a token when one was asked for. */
interface MadeSession {
  readonly kind: 'live'
  readonly record: LiveRecord
  readonly renewed: boolean
  readonly token: MintedToken | undefined
}

export type LoginOutcome = MadeSession | { readonly kind: 'denied'; readonly code: ProblemCode }

/** The API server's floor for the life of a token, in seconds. */
const shortestTokenSeconds = 600

/** More steps than this mean that somebody works against us. */
const mostSteps = 30

/**
 * Brings about what a login wants, step by step, and mints its token in parallel with the commit. Throws KubernetesError
 * `unavailable` (or the signal's reason) when it may go on with the next delivery: every step is found again in the cluster.
 */
export async function makeSession(
  deps: CleanupDeps,
  wanted: WantedSession,
  options: { readonly signal: AbortSignal; readonly withToken: boolean },
): Promise<LoginOutcome> {
  const { signal } = options
  const made: MadeObjects = { serviceAccounts: [], bindings: [] }
  let observed = deps.view.know(wanted.name)
  for (let steps = 0; steps < mostSteps; steps++) {
    const step = planLogin(observed, wanted, deps.now(), deps.config)
    if ('alarm' in step && step.alarm !== undefined) deps.alarm(step.alarm, { subject: wanted.name })
    try {
      switch (step.kind) {
        case 'act':
          observed = (await carryOut(deps, observed, step.actions, made, signal)).observed
          break
        case 'end-first': {
          const cleared = await clear(deps, observed, step.reason)
          if (!cleared) return { kind: 'denied', code: 'unavailable' }
          observed = cleared
          break
        }
        case 'commit':
        case 'grant': {
          const result = await commit(deps, step.record, step.kind === 'commit', options)
          if (result !== 'overtaken') return { kind: 'live', renewed: step.renewed, ...result }
          observed = await lookClosely(deps, wanted.name, signal)
          break
        }
        case 'give-up':
          return await giveUp(deps, wanted, step.code, made, signal)
        case 'deny':
          await undo(deps, wanted, made, signal)
          return { kind: 'denied', code: step.code }
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      // A rule may name a namespace that does not exist; any other refusal means that guard or RBAC do not fit the install.
      const say = failedWith(error, 'not-found') ? deps.warn : deps.alarm
      say('the API server refuses what a session needs', { subject: wanted.name, error })
      // A session that was granted before stays; only this one token is not to be had.
      if (step.kind === 'grant') return { kind: 'denied', code: 'unavailable' }
      return giveUp(deps, wanted, 'unavailable', made, signal)
    }
  }
  deps.alarm('a session cannot be made: its objects change as they are made', { subject: wanted.name })
  return giveUp(deps, wanted, 'unavailable', made, signal)
}

/** Writes the Lease `live` and mints the token, in parallel: the person has a session only if both succeed. */
async function commit(
  deps: CleanupDeps,
  record: LiveRecord,
  write: boolean,
  options: { readonly signal: AbortSignal; readonly withToken: boolean },
): Promise<{ readonly record: LiveRecord; readonly token: MintedToken | undefined } | 'overtaken'> {
  const { signal } = options
  const [written, minted] = await Promise.allSettled([
    write ? deps.cluster.writeLease(record, { signal }) : record,
    options.withToken ? mintToken(deps, record, signal) : undefined,
  ])
  if (written.status === 'fulfilled' && write) deps.view.sawLease(written.value)
  // `not-found` and `conflict` of the token: this ServiceAccount UID is gone. Of the Lease: another hand was faster.
  const failures = [written, minted].flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const [serious] = failures.filter(error => !failedWith(error, 'conflict', 'exists', 'not-found'))
  if (serious) throw serious
  if (written.status === 'rejected' || minted.status === 'rejected' || written.value.phase !== 'live')
    return 'overtaken'
  return { record: written.value, token: minted.value }
}

/** A token that lasts as long as the session, within the API server's floor and, where login's clock is ahead, the guard's cap. */
export async function mintToken(deps: CleanupDeps, record: LiveRecord, signal: AbortSignal): Promise<MintedToken> {
  const { name, serviceAccountUid: uid, validUntil } = record
  const remaining = Math.ceil((validUntil - deps.now()) / 1000)
  const seconds = Math.max(shortestTokenSeconds, Math.min(remaining, deps.config.maxSessionSeconds))
  const askedAt = deps.now()
  const token = await deps.cluster.mintToken({ name, uid }, seconds, { signal })
  const askedUntil = askedAt + seconds * 1000
  if (token.expiresAt > askedUntil + 60_000)
    throw new KubernetesError('invalid', `the API server minted a token that outlives what was asked for`)
  if (token.expiresAt < askedUntil - 60_000)
    deps.warn('the API server shortens tokens: this one ends before its session', { subject: name, seconds })
  return token
}

/** Ends what is there so that a new session can begin; `undefined` when something holds the ServiceAccount or its bindings. */
async function clear(deps: CleanupDeps, observed: Observed, reason: EndReason): Promise<Observed | undefined> {
  const { name } = observed
  const end = await endSession(deps, observed, { reason }).catch((error: unknown) => {
    if (error instanceof Problem) return undefined
    throw error
  })
  if (end?.kind === 'overtaken') return end.observed
  if (end?.data.session !== undefined && end.data.hadAccess) announceEnd(deps, end)
  if (!end || end.held !== undefined) return undefined
  const { lease, groupBindings } = end.observed
  return { ...nothingObserved(name), groupBindings, ...(lease === undefined ? {} : { lease }) }
}

/** Ends what this very request began and nobody will get. */
async function giveUp(
  deps: CleanupDeps,
  wanted: WantedSession,
  code: ProblemCode,
  made: MadeObjects,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  const observed = await lookClosely(deps, wanted.name, signal)
  if (wasBegunBy(wanted.request, observed.lease)) await clear(deps, observed, 'incomplete')
  else await undo(deps, wanted, made, signal)
  return { kind: 'denied', code }
}

/** True for what stands only because of this request: its session, made or half made, or its extension. */
function wasBegunBy(request: string, lease: SessionRecord | undefined): boolean {
  switch (lease?.phase) {
    case 'provisioning':
      return lease.request === request
    case 'live':
      return (lease.session === request && lease.request === request) || lease.extension?.request === request
    default:
      return false
  }
}

/** Takes back, by UID, what this run made for a session that the Lease does not know: another hand won the race. */
async function undo(deps: CleanupDeps, wanted: WantedSession, made: MadeObjects, signal: AbortSignal): Promise<void> {
  const stays = deps.view.know(wanted.name).lease
  const kept = (session: string) => stays !== undefined && stays.phase !== 'ended' && stays.session === session
  await Promise.all(
    made.bindings
      .filter(({ session }) => !kept(session))
      .map(binding => deps.cluster.deleteBinding(binding, { signal })),
  )
  await Promise.all(
    made.serviceAccounts
      .filter(({ session }) => !kept(session))
      .map(serviceAccount => deps.cluster.deleteServiceAccount(serviceAccount, { signal })),
  )
}

/** The API server understood and said no: asking again changes nothing. */
function isRefusal(error: unknown): boolean {
  return failedWith(error, 'denied', 'forbidden', 'invalid', 'not-found')
}
