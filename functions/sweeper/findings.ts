import type { SessionLimits } from '#core/session/judge-session'
import {
  nothingObserved,
  type Observed,
  type ObservedBinding,
  type ObservedServiceAccount,
} from '#core/session/observed'
import { planCleanup } from '#core/session/plan-revocation'
import type { SessionRecord } from '#core/session/session-record'

/** Everything of an install's sessions that carries its labels. */
export interface SessionObjects {
  readonly leases: readonly SessionRecord[]
  readonly serviceAccounts: readonly ObservedServiceAccount[]
  readonly bindings: readonly ObservedBinding[]
}

/** Something the provisioner should look at: it decides for itself. */
export interface Finding {
  readonly name: string
  readonly session?: string
  readonly reason: 'expired' | 'orphaned'
}

/** Compares what is there with what should be: sessions past due, objects without a session, Leases that have told their story. */
export function findPastDue(objects: SessionObjects, now: number, limits: SessionLimits): readonly Finding[] {
  return [...gather(objects).values()].flatMap(observed => {
    const step = planCleanup(observed, now, limits)
    if (step.kind === 'nothing') return []
    const session = observed.lease?.session
    const reason = step.kind === 'end' && step.ending.reason === 'orphaned' ? 'orphaned' : 'expired'
    return [{ name: observed.name, ...(session === undefined ? {} : { session }), reason } as const]
  })
}

function gather({ leases, serviceAccounts, bindings }: SessionObjects): ReadonlyMap<string, Observed> {
  const people = new Map<string, Observed>()
  const add = (name: string, change: (observed: Observed) => Observed) =>
    people.set(name, change(people.get(name) ?? nothingObserved(name)))
  for (const lease of leases) add(lease.name, observed => ({ ...observed, lease }))
  for (const serviceAccount of serviceAccounts) add(serviceAccount.name, observed => ({ ...observed, serviceAccount }))
  for (const binding of bindings)
    for (const name of binding.serviceAccounts)
      add(name, observed => ({ ...observed, bindings: [...observed.bindings, binding] }))
  return people
}
