import { sameRights } from '../compare-rights.ts'
import type { ProblemCode } from '../problem.ts'
import type { Action } from './actions.ts'
import { sessionBindings } from './binding-names.ts'
import { judgeSession, type SessionLimits } from './judge-session.ts'
import type { Observed } from './observed.ts'
import {
  absentBindings,
  foreignBindings,
  heldBy,
  isSessionBinding,
  isSessionServiceAccount,
} from './session-objects.ts'
import type { EndReason, LiveRecord, PendingExtension, ProvisioningRecord } from './session-record.ts'

/** What a login asks for; everything in it was signed. */
export interface WantedSession {
  readonly name: string
  readonly login: string
  readonly userId: string
  readonly node: string
  readonly role: string
  /** Sorted and unique; absent means the whole cluster. */
  readonly namespaces?: readonly string[]
  /** Id of the request event; it becomes the session's id where a new session begins. */
  readonly request: string
  readonly sequence: string
  /** Epoch milliseconds: the signed `time`. */
  readonly askedAt: number
  /** Epoch milliseconds: the signed `time` + `period`. */
  readonly validUntil: number
  /** Epoch milliseconds: the end of the person's wait. */
  readonly expiresAt: number
}

export type LoginStep =
  /** Carry out, look again, ask again. */
  | { readonly kind: 'act'; readonly actions: readonly Action[] }
  /** End all that is there, then ask again. */
  | { readonly kind: 'end-first'; readonly reason: EndReason; readonly alarm?: string }
  /** Write the record and mint the token; the person has a session if both succeed. */
  | { readonly kind: 'commit'; readonly record: LiveRecord; readonly renewed: boolean }
  /** The session is there: mint one more token for it. */
  | { readonly kind: 'grant'; readonly record: LiveRecord; readonly renewed: boolean }
  /** End what this very request began, then deny. */
  | { readonly kind: 'give-up'; readonly code: ProblemCode; readonly alarm?: string }
  | { readonly kind: 'deny'; readonly code: ProblemCode; readonly alarm?: string }

/**
 * The next step of a login. The last wish wins: an older one is denied without a write, an equal one gives the same session with
 * the same valid-until again, a newer one extends the live session or ends it and begins another.
 */
export function planLogin(observed: Observed, wanted: WantedSession, now: number, limits: SessionLimits): LoginStep {
  const { lease } = observed
  const [group] = observed.groupBindings
  if (group) return { kind: 'deny', code: 'unavailable', alarm: `binding ${group.name} binds every session identity` }
  if (lease && wanted.sequence < lease.sequence) return { kind: 'deny', code: 'superseded' }
  if (lease && wanted.sequence === lease.sequence) return repeatLogin(observed, wanted, now, limits)
  if (now >= wanted.expiresAt) return { kind: 'deny', code: 'unavailable' }

  const verdict = judgeSession(observed, now, limits)
  if (lease?.phase === 'live' && (verdict.state === 'live' || verdict.state === 'extension-overdue')) {
    if (canExtend(observed, lease, wanted, limits)) return beginExtension(observed, lease, wanted)
    return { kind: 'end-first', reason: 'replaced' }
  }
  if (verdict.state === 'past-due') {
    return {
      kind: 'end-first',
      reason: verdict.reason,
      ...(verdict.alarm === undefined ? {} : { alarm: verdict.alarm }),
    }
  }
  if (lease?.phase === 'provisioning') return { kind: 'end-first', reason: 'replaced' }
  return { kind: 'act', actions: [{ do: 'write-lease', record: newRecord(observed, wanted) }] }
}

/** Another delivery of a wish that the Lease knows already. */
function repeatLogin(observed: Observed, wanted: WantedSession, now: number, limits: SessionLimits): LoginStep {
  const { lease } = observed
  switch (lease?.phase) {
    case 'provisioning':
      if (lease.request !== wanted.request) return { kind: 'deny', code: 'superseded' }
      return makeSession(observed, lease, now)
    case 'live': {
      if (lease.extension?.request === wanted.request)
        return continueExtension(observed, lease, lease.extension, now, limits)
      if (lease.request !== wanted.request) return { kind: 'deny', code: 'superseded' }
      const alive = judgeSession(observed, now, limits).state === 'live'
      return alive
        ? { kind: 'grant', record: lease, renewed: lease.session !== wanted.request }
        : { kind: 'deny', code: 'unavailable' }
    }
    default:
      return { kind: 'deny', code: 'superseded' }
  }
}

function newRecord(observed: Observed, wanted: WantedSession): ProvisioningRecord {
  const { uid, resourceVersion } = observed.lease ?? {}
  return {
    name: wanted.name,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    phase: 'provisioning',
    sequence: wanted.sequence,
    session: wanted.request,
    login: wanted.login,
    userId: wanted.userId,
    node: wanted.node,
    role: wanted.role,
    ...(wanted.namespaces === undefined ? {} : { namespaces: wanted.namespaces }),
    bindings: sessionBindings(wanted.name, wanted.request, wanted.namespaces),
    startedAt: wanted.askedAt,
    request: wanted.request,
    validUntil: wanted.validUntil,
    requestExpiresAt: wanted.expiresAt,
  }
}

/** What is missing of a session whose Lease is written: whatever is not of its making goes first, then all of it in parallel. */
function makeSession(observed: Observed, lease: ProvisioningRecord, now: number): LoginStep {
  if (now >= lease.requestExpiresAt) return { kind: 'give-up', code: 'unavailable' }
  const { serviceAccount } = observed
  const impostor = serviceAccount && !isSessionServiceAccount(serviceAccount, lease) ? serviceAccount : undefined
  if (impostor?.deleting)
    return {
      kind: 'give-up',
      code: 'unavailable',
      alarm: `ServiceAccount ${observed.name} is held by ${heldBy(impostor)}`,
    }
  const foreign = foreignBindings(observed, lease)
  const [stubborn] = foreign.filter(binding => binding.deleting || !binding.sessionsOnly)
  if (stubborn)
    return { kind: 'give-up', code: 'unavailable', alarm: `foreign binding ${stubborn.name} cannot be taken away` }
  const away: Action[] = foreign.map(binding => ({ do: 'delete-binding', binding }))
  if (impostor) away.push({ do: 'delete-service-account', serviceAccount: impostor })
  if (away.length > 0) return { kind: 'act', actions: away }

  const { name } = observed
  const make: Action[] = absentBindings(observed, lease).map(binding => ({
    do: 'create-binding',
    binding,
    name,
    terms: lease,
  }))
  if (!serviceAccount) make.push({ do: 'create-service-account', name, terms: lease })
  if (make.length > 0 || !serviceAccount) return { kind: 'act', actions: make }
  const { requestExpiresAt: _, ...rest } = lease
  return {
    kind: 'commit',
    record: { ...rest, phase: 'live', serviceAccountUid: serviceAccount.uid },
    renewed: false,
  }
}

/** True when the live session may simply last until the wanted instant: the same person, the same rights, all of it intact. */
function canExtend(observed: Observed, lease: LiveRecord, wanted: WantedSession, limits: SessionLimits): boolean {
  const longest = limits.maxSessionSeconds * 1000
  const { serviceAccount } = observed
  if (!serviceAccount) return false
  return (
    lease.login === wanted.login &&
    lease.userId === wanted.userId &&
    sameRights(lease, wanted) &&
    absentBindings(observed, lease).length === 0 &&
    wanted.validUntil <= lease.startedAt + longest &&
    [serviceAccount, ...observed.bindings].every(object => wanted.validUntil <= object.createdAt + longest)
  )
}

/** An extension is written down before any object changes, so that a crash in the middle never looks like a stranger's hand. */
function beginExtension(observed: Observed, lease: LiveRecord, wanted: WantedSession): LoginStep {
  if (lease.extension) return withdrawExtension(observed, lease)
  const { request, sequence, node } = wanted
  const validUntil = endAfter(lease, wanted)
  if (validUntil === lease.validUntil) return { kind: 'commit', record: { ...lease, request, sequence }, renewed: true }
  const extension: PendingExtension = { request, node, validUntil, requestExpiresAt: wanted.expiresAt }
  return { kind: 'act', actions: [{ do: 'write-lease', record: { ...lease, sequence, extension } }] }
}

/**
 * The end that a login gives the session that it shares: no device shortens what another one of the person's has been given. The
 * device that gave the end may, since its own rule gives less by now.
 */
function endAfter({ node, extendedBy = node, validUntil }: LiveRecord, wanted: WantedSession): number {
  return wanted.node === extendedBy ? wanted.validUntil : Math.max(wanted.validUntil, validUntil)
}

function continueExtension(
  observed: Observed,
  lease: LiveRecord,
  extension: PendingExtension,
  now: number,
  limits: SessionLimits,
): LoginStep {
  const verdict = judgeSession(observed, now, limits)
  if (verdict.state === 'extension-overdue') return withdrawExtension(observed, lease)
  if (verdict.state !== 'live' || absentBindings(observed, lease).length > 0)
    return { kind: 'give-up', code: 'unavailable' }
  const actions = dateObjects(observed, lease, extension.validUntil)
  if (actions.length > 0) return { kind: 'act', actions }
  const { extension: _, extendedBy: __, ...rest } = lease
  const { request, node, validUntil } = extension
  const extendedBy = node === lease.node ? {} : { extendedBy: node }
  return { kind: 'commit', record: { ...rest, ...extendedBy, request, validUntil }, renewed: true }
}

/** Takes back an extension that nobody waits for any more: first the objects, then the Lease. */
export function withdrawExtension(observed: Observed, lease: LiveRecord): { kind: 'act'; actions: readonly Action[] } {
  const actions = dateObjects(observed, lease, lease.validUntil)
  if (actions.length > 0) return { kind: 'act', actions }
  const { extension: _, ...record } = lease
  return { kind: 'act', actions: [{ do: 'write-lease', record }] }
}

function dateObjects(observed: Observed, lease: LiveRecord, validUntil: number): Action[] {
  const { serviceAccount } = observed
  const actions: Action[] = observed.bindings
    .filter(binding => isSessionBinding(binding, observed.name, lease) && binding.validUntil !== validUntil)
    .map(binding => ({ do: 'date-binding', binding, validUntil }))
  if (serviceAccount && serviceAccount.validUntil !== validUntil)
    actions.push({ do: 'date-service-account', serviceAccount, validUntil })
  return actions
}

/** What the request behind an unfinished Lease wanted, so that it can be completed after a crash; `undefined` when it is at rest. */
export function wantedOfLease(lease: ProvisioningRecord | LiveRecord): WantedSession | undefined {
  const pending = lease.phase === 'provisioning' ? lease : lease.extension
  if (!pending) return undefined
  return {
    name: lease.name,
    login: lease.login,
    userId: lease.userId,
    node: lease.phase === 'live' && lease.extension ? lease.extension.node : lease.node,
    role: lease.role,
    ...(lease.namespaces === undefined ? {} : { namespaces: lease.namespaces }),
    request: pending.request,
    sequence: lease.sequence,
    askedAt: lease.startedAt,
    validUntil: pending.validUntil,
    expiresAt: pending.requestExpiresAt,
  }
}
