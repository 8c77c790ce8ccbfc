import type { Observed } from './observed.ts'
import { foreignBindings, isSessionServiceAccount } from './session-objects.ts'
import type { EndReason, LiveRecord } from './session-record.ts'

export interface SessionLimits {
  /** No session lasts longer than this from its creation, whatever its objects say. */
  readonly maxSessionSeconds: number
}

/** What is to be said about one person's objects at one moment. */
export type Verdict =
  /** Neither Lease nor objects. */
  | { readonly state: 'nothing' }
  /** The Lease of an ended session, all of whose objects are gone. */
  | { readonly state: 'at-rest'; readonly removableAt: number }
  /** A login is under way; whoever waits for it gives up at `endsAt`. */
  | { readonly state: 'provisioning'; readonly endsAt: number }
  | { readonly state: 'live'; readonly endsAt: number }
  /** A live session whose extension nobody waits for any more. */
  | { readonly state: 'extension-overdue' }
  /** Must be ended now. With `alarm` somebody else had a hand in it. */
  | { readonly state: 'past-due'; readonly reason: EndReason; readonly alarm?: string }

/** How long the Lease of an ended session is kept: late wishes find its sequence, late logouts what ended. */
const leaseKeptMs = 10 * 60_000

/** Says whether a person's objects may stay, and until when. Whatever has no live Lease with its UID is past due. */
export function judgeSession(observed: Observed, now: number, limits: SessionLimits): Verdict {
  const { lease } = observed
  const objects = observed.serviceAccount !== undefined || observed.bindings.length > 0
  if (lease === undefined) return objects ? { state: 'past-due', reason: 'orphaned' } : { state: 'nothing' }
  switch (lease.phase) {
    case 'ended':
      return objects
        ? { state: 'past-due', reason: lease.endReason }
        : { state: 'at-rest', removableAt: lease.endedAt + leaseKeptMs }
    case 'provisioning':
      return now >= lease.requestExpiresAt
        ? { state: 'past-due', reason: 'incomplete' }
        : { state: 'provisioning', endsAt: lease.requestExpiresAt }
    case 'live':
      return judgeLive(observed, lease, now, limits)
  }
}

function judgeLive(observed: Observed, lease: LiveRecord, now: number, limits: SessionLimits): Verdict {
  const tampering = findTampering(observed, lease)
  if (tampering) return { state: 'past-due', reason: 'disagreement', alarm: tampering }
  const endsAt = endOfSession(observed, lease, limits)
  if (now >= endsAt) return { state: 'past-due', reason: 'expired' }
  if (lease.extension && now >= lease.extension.requestExpiresAt) return { state: 'extension-overdue' }
  return { state: 'live', endsAt }
}

/**
 * When a live session ends, in epoch milliseconds: the smallest of valid-until on Lease, ServiceAccount and bindings, and never
 * later than creation + the longest session. An object that does not say is over already.
 */
function endOfSession(observed: Observed, lease: LiveRecord, limits: SessionLimits): number {
  const longest = limits.maxSessionSeconds * 1000
  const objects = observed.serviceAccount ? [observed.serviceAccount, ...observed.bindings] : observed.bindings
  return Math.min(
    lease.validUntil,
    lease.startedAt + longest,
    ...objects.flatMap(object => [object.validUntil ?? 0, object.createdAt + longest]),
  )
}

function findTampering(observed: Observed, lease: LiveRecord): string | undefined {
  const { serviceAccount } = observed
  if (!serviceAccount) return `the ServiceAccount of session ${lease.session} is gone`
  if (serviceAccount.uid !== lease.serviceAccountUid || !isSessionServiceAccount(serviceAccount, lease))
    return `ServiceAccount ${observed.name} is not the one that session ${lease.session} made`
  const [foreign] = foreignBindings(observed, lease)
  if (foreign) return `binding ${nameOf(foreign)} gives ${observed.name} rights that session ${lease.session} did not`
  const agreed = lease.extension ? [lease.validUntil, lease.extension.validUntil] : [lease.validUntil]
  const odd = [serviceAccount, ...observed.bindings].find(({ validUntil }) => !agreed.some(at => at === validUntil))
  return odd && `${odd.name} says another valid-until than its Lease`
}

function nameOf(binding: { readonly name: string; readonly namespace?: string }): string {
  return binding.namespace === undefined ? binding.name : `${binding.namespace}/${binding.name}`
}
