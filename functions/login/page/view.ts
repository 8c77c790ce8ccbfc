import { givesRights, sameRights } from '#core/compare-rights'
import { choices, decide, type Grant } from '#core/decide'
import { Problem } from '#core/problem'
import { isLive } from '#core/session/session-record'
import type { TailnetPerson } from '#core/tailnet-identity'
import type { LoginDeps } from '../deps.ts'
import { nameOf, standingOfPerson } from '../person.ts'

/** What the page says to one person at one moment. */
export interface View {
  readonly cluster: string
  readonly person: Pick<TailnetPerson, 'displayName' | 'login'> & { readonly device: string }
  /** Epoch milliseconds. */
  readonly now: number
  readonly badge: Badge
  /** The highest priority first. */
  readonly offers: readonly Offer[]
  /** Why there is nothing on offer. */
  readonly refusal: Problem | undefined
  /** Who is in the cluster; absent unless a rule of this person's lets them see it. */
  readonly sessions: Sessions | undefined
}

/** The badge that a person has, or has not; instants are epoch milliseconds. */
export type Badge =
  | { readonly kind: 'none' | 'failed' | 'unknown' | 'pending' }
  | { readonly kind: 'ended'; readonly endedAt: number }
  | ({ readonly kind: 'live' } & Held)
  /** This device's own rules do not give what the session has, so it is not told what that is. */
  | { readonly kind: 'elsewhere'; readonly validUntil: number }

/** What a badge gives. */
interface Held {
  readonly role: string
  readonly namespaces?: readonly string[] | undefined
  readonly validUntil: number
}

/** A role to be had; `held` when it is what the person's badge gives already. */
export interface Offer extends Grant {
  readonly held: boolean
}

/** Who is in the cluster. */
export interface Sessions {
  /** False while the list may be behind what the cluster says. */
  readonly current: boolean
  readonly people: readonly (Held & { readonly login: string; readonly own: boolean })[]
}

/** Gathers what the page says to a person: from the rules of the device that they ask from, and from the Leases. */
export function viewOf(person: TailnetPerson, deps: LoginDeps): View {
  const { config } = deps
  const { displayName, login, node } = person
  const badge = badgeOf(person, deps)
  const { grants, refusal } = grantsOf(person, deps)
  return {
    cluster: config.cluster,
    person: { displayName, login, device: node.name },
    now: deps.now(),
    badge,
    offers: grants
      .map(grant => ({ ...grant, held: badge.kind === 'live' && sameRights(badge, grant) }))
      .sort((one, other) => other.priority - one.priority),
    refusal,
    sessions: grants.some(({ viewSessions }) => viewSessions) ? sessionsFor(person, deps) : undefined,
  }
}

function badgeOf(person: TailnetPerson, deps: LoginDeps): Badge {
  const standing = standingOfPerson(person, deps)
  switch (standing.kind) {
    case 'none':
    case 'failed':
    case 'unknown':
      return { kind: standing.kind }
    case 'provisioning':
      return { kind: 'pending' }
    case 'ended':
      return { kind: 'ended', endedAt: standing.endedAt }
    case 'live': {
      const { role, namespaces, validUntil } = standing.session
      return givesRights(standing.session, person, deps.config)
        ? { kind: 'live', role, namespaces, validUntil }
        : { kind: 'elsewhere', validUntil }
    }
  }
}

function grantsOf(
  person: TailnetPerson,
  { config }: LoginDeps,
): { readonly grants: readonly Grant[]; readonly refusal: Problem | undefined } {
  try {
    const grants = choices(person, config)
    // Where there is no choice, the decision says why.
    return { grants: grants.length > 0 ? grants : [decide({ identity: person, config })], refusal: undefined }
  } catch (error) {
    if (error instanceof Problem) return { grants: [], refusal: error }
    throw error
  }
}

function sessionsFor(person: TailnetPerson, deps: LoginDeps): Sessions {
  const now = deps.now()
  const own = nameOf(person, deps)
  const people = deps.sessions.all().flatMap(record => {
    if (!isLive(record, now)) return []
    const { name, login, role, namespaces, validUntil } = record
    return [{ login, role, namespaces, validUntil, own: name === own }]
  })
  return {
    current: deps.sessions.current(),
    people: people.sort((one, other) => (one.login < other.login ? -1 : 1)),
  }
}
