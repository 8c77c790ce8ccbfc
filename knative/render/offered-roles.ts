import type { OfferedRole } from '#core/config-fields'
import { adminPowers, type PolicyRule } from './admin-powers.ts'

/** What the manifests need of a role on offer (config.yaml, `roles`). */
export type RoleOffer = Pick<OfferedRole, 'name' | 'scope' | 'clusterAdminEquivalent'>

/** The names that one scope offers, sorted, each once. */
export function rolesOf(offers: readonly RoleOffer[], scope?: RoleOffer['scope']): readonly string[] {
  const names = offers.filter(offer => scope === undefined || offer.scope === scope).map(({ name }) => name)
  return [...new Set(names)].sort()
}

// What Kubernetes ships, known without an API server; `view` is harmless.
const shipped = new Map([
  ['admin', ['reads Secrets', 'mints tokens', 'writes RBAC']],
  ['cluster-admin', ['may do everything']],
  ['edit', ['reads Secrets', 'mints tokens']],
])

/** Refuses to offer cluster-wide, unmarked, one of Kubernetes' own roles that amounts to cluster-admin. */
export function checkShippedRoles(offers: readonly RoleOffer[]): void {
  refuse(
    offers.map(offer => [
      offer,
      offer.scope === 'cluster' ? unmarked(offer, shipped.get(offer.name) ?? []) : undefined,
    ]),
  )
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
  refuse(offers.map(offer => [offer, faultOf(offer, roles.get(offer.name))]))
}

function refuse(checked: readonly (readonly [offer: RoleOffer, fault: string | undefined])[]): void {
  const faults = checked.flatMap(([{ name, scope }, fault]) =>
    fault === undefined ? [] : [`role ${name}, scope ${scope}: ${fault}`],
  )
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

function faultOf(offer: RoleOffer, role: ClusterRole | undefined): string | undefined {
  if (role === undefined) return 'there is no ClusterRole of this name'
  if (offer.scope === 'namespaced') return undefined
  if (role.aggregated && role.rules.length === 0) return 'its rules are not put together yet: try again in a moment'
  return unmarked(offer, adminPowers(role.rules))
}

function unmarked({ clusterAdminEquivalent }: RoleOffer, powers: readonly string[]): string | undefined {
  return powers.length === 0 || clusterAdminEquivalent
    ? undefined
    : `in the whole cluster this amounts to cluster-admin (${powers.join(', ')}); offer it with clusterAdminEquivalent: true if you mean it`
}
