import type { SessionLimits } from '#core/session/judge-session'
import {
  nothingObserved,
  type Observed,
  type ObservedBinding,
  type ObservedServiceAccount,
} from '#core/session/observed'
import { planCleanup } from '#core/session/plan-revocation'
import type { SessionRecord } from '#core/session/session-record'

/** Everything but the Leases of an install's sessions that carries its labels. */
export interface SessionObjects {
  readonly serviceAccounts: readonly ObservedServiceAccount[]
  readonly bindings: readonly ObservedBinding[]
}

/** Some of an install's Leases. */
export interface LeasePage {
  readonly leases: readonly SessionRecord[]
  /** Names of those that cannot be read. They count as none, and have to go. */
  readonly unreadable: readonly string[]
  /** The Leases begin here: those that came before, if any did, do not count. */
  readonly first: boolean
}

/** Something the provisioner should look at: it decides for itself. */
export interface Finding {
  readonly name: string
  readonly session?: string
  readonly reason: 'expired' | 'orphaned'
  /** How long a session is past due that still stands, in milliseconds. */
  readonly lateMs?: number
}

/** What a sweep comes to. */
export interface Findings {
  /** How many Leases there are. */
  readonly sessions: number
  readonly findings: readonly Finding[]
}

/**
 * Compares what is there with what should be: sessions past due, objects without a session, Leases that have told their story or
 * cannot be read. The Leases have to be read after the objects: a session that is being made meanwhile then shows its Lease rather
 * than objects without one. No more of them is kept than a page.
 */
export async function findPastDue(
  objects: SessionObjects,
  pages: AsyncIterable<LeasePage>,
  now: number,
  limits: SessionLimits,
): Promise<Findings> {
  const people = byPerson(objects)
  let led = new Set<string>()
  let broken: string[] = []
  let findings: Finding[] = []
  for await (const { leases, unreadable, first } of pages) {
    if (first) {
      led = new Set()
      broken = []
      findings = []
    }
    broken.push(...unreadable)
    for (const lease of leases) {
      led.add(lease.name)
      findings.push(...judge({ ...(people.get(lease.name) ?? nothingObserved(lease.name)), lease }, now, limits))
    }
  }
  for (const [name, observed] of people) if (!led.has(name)) findings.push(...judge(observed, now, limits))
  for (const name of broken) if (!people.has(name)) findings.push({ name, reason: 'orphaned' })
  return { sessions: led.size, findings }
}

function byPerson({ serviceAccounts, bindings }: SessionObjects): ReadonlyMap<string, Observed> {
  const people = new Map<string, Observed>()
  const known = (name: string) => people.get(name) ?? nothingObserved(name)
  for (const serviceAccount of serviceAccounts)
    people.set(serviceAccount.name, { ...known(serviceAccount.name), serviceAccount })
  for (const binding of bindings)
    for (const name of binding.serviceAccounts) {
      const observed = known(name)
      people.set(name, { ...observed, bindings: [...observed.bindings, binding] })
    }
  return people
}

function judge(observed: Observed, now: number, limits: SessionLimits): readonly Finding[] {
  const step = planCleanup(observed, now, limits)
  if (step.kind === 'nothing') return []
  const { name, lease } = observed
  return [
    {
      name,
      ...(lease?.session === undefined ? {} : { session: lease.session }),
      reason: step.kind === 'end' && step.ending.reason === 'orphaned' ? 'orphaned' : 'expired',
      ...(lease?.phase === 'live' && now >= lease.validUntil ? { lateMs: now - lease.validUntil } : {}),
    },
  ]
}
