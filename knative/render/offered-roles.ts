import type { OfferedRole } from '#core/config'
import { adminPowers, type PolicyRule } from './admin-powers.ts'

/** What the manifests need of a role on offer (config.yaml, `roles`). */
export type RoleOffer = Pick<OfferedRole, 'name' | 'scope' | 'clusterAdminEquivalent'>

/** The names that one scope offers, sorted, each once. */
export function rolesOf(offers: readonly RoleOffer[], scope?: RoleOffer['scope']): readonly string[] {
  const names = offers.filter(offer => scope === undefined || offer.scope === scope).map(({ name }) => name)
  return [...new Set(names)].sort()
}

/** A ClusterRole as the API server has it, and whether its rules are put together from other roles. */
export interface ClusterRole {
  readonly rules: readonly PolicyRule[]
  readonly aggregated: boolean
}

/**
 * Refuses to offer a role that does not exist, and to offer cluster-wide, unmarked, what amounts to cluster-admin.
 * Only an API server knows a role's rules: `read` asks it, and resolves to `undefined` for a role that is not there.
 */
export async function checkOffers(
  offers: readonly RoleOffer[],
  read: (name: string) => Promise<ClusterRole | undefined>,
): Promise<void> {
  const roles = new Map(await Promise.all(rolesOf(offers).map(async name => [name, await read(name)] as const)))
  const faults = offers.flatMap(offer => {
    const fault = faultOf(offer, roles.get(offer.name))
    return fault === undefined ? [] : [`role ${offer.name}, scope ${offer.scope}: ${fault}`]
  })
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

function faultOf({ scope, clusterAdminEquivalent }: RoleOffer, role: ClusterRole | undefined): string | undefined {
  if (role === undefined) return 'there is no ClusterRole of this name'
  if (scope === 'namespaced' || clusterAdminEquivalent) return undefined
  if (role.aggregated && role.rules.length === 0) return 'its rules are not put together yet: try again in a moment'
  const powers = adminPowers(role.rules)
  return powers.length === 0
    ? undefined
    : `in the whole cluster this amounts to cluster-admin (${powers.join(', ')}); offer it with clusterAdminEquivalent: true if you mean it`
}
