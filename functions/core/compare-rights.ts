import { decide, type Grant, type RulesConfig } from './decide.ts'
import { Problem } from './problem.ts'
import { requirePerson, type TailnetIdentity } from './tailnet-identity.ts'

/** What a session gives. */
export interface Rights {
  readonly role: string
  /** Sorted and unique; absent means the whole cluster. */
  readonly namespaces?: readonly string[] | undefined
}

/** True when two say the same role for the same namespaces. */
export function sameRights(one: Rights, other: Rights): boolean {
  return one.role === other.role && JSON.stringify(one.namespaces ?? null) === JSON.stringify(other.namespaces ?? null)
}

/** What has become of a session's grant; the two losses are reasons of `logout.requested`. */
export type GrantState = 'kept' | 'grant-lost' | 'grant-lowered' | 'unknown'

/**
 * Says whether the rules of the device that began a session still give its role, its namespaces and its remaining time:
 * `grant-lowered` when they give something else or less, `grant-lost` when they give nothing, `unknown` when the tailnet could
 * not be asked.
 */
export function stateOfGrant(
  session: Rights & { readonly validUntil: number },
  identity: TailnetIdentity,
  config: RulesConfig,
  now: number,
): GrantState {
  if (identity.kind === 'whois-failed') return 'unknown'
  const grant = grantFor(session.role, identity, config)
  if (grant !== undefined) {
    const remainingMs = session.validUntil - now
    return sameRights(session, grant) && remainingMs <= grant.periodSeconds * 1_000 ? 'kept' : 'grant-lowered'
  }
  return grantFor(undefined, identity, config) === undefined ? 'grant-lost' : 'grant-lowered'
}

/** True when this device's own rules give the role and the namespaces. */
export function givesRights(session: Rights, identity: TailnetIdentity, config: RulesConfig): boolean {
  const grant = grantFor(session.role, identity, config)
  return grant !== undefined && sameRights(session, grant)
}

/**
 * Throws `rights-differ` unless this device's own rules give the session's role and namespaces; where nobody can be told to be
 * there, the Problem of that.
 */
export function requireSameRights(session: Rights, identity: TailnetIdentity, config: RulesConfig): void {
  if (!givesRights(session, requirePerson(identity), config)) throw new Problem('rights-differ')
}

function grantFor(role: string | undefined, identity: TailnetIdentity, config: RulesConfig): Grant | undefined {
  try {
    return decide({ identity, config, role })
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}
