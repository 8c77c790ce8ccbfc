import type { Config } from './config.ts'
import { formatSeconds } from './duration.ts'
import { Problem } from './problem.ts'
import { isProtectedNamespace } from './protected-namespaces.ts'

/** What is asked for in a person's name. */
export interface RequestedRights {
  readonly role: string
  /** Absent means the whole cluster. */
  readonly namespaces?: readonly string[] | undefined
  readonly periodSeconds: number
}

/**
 * Throws a Problem unless this install offers the role in that scope, protects none of the namespaces and allows the period.
 * login asks before it requests, the provisioner again before it grants.
 */
export function checkOffer(
  request: RequestedRights,
  config: Pick<Config, 'roles' | 'namespaces' | 'period' | 'maxSessionSeconds'>,
): void {
  const scope = request.namespaces === undefined ? 'cluster' : 'namespaced'
  const offer = config.roles.find(({ name, scope: offered }) => name === request.role && offered === scope)
  if (offer === undefined) {
    const where = scope === 'cluster' ? 'for the whole cluster' : 'for namespaces'
    throw new Problem('role-not-offered', `role ${JSON.stringify(request.role)} is not offered ${where}.`)
  }
  if (request.namespaces?.length === 0) throw new Problem('role-not-offered', 'a list of namespaces must not be empty.')
  const protectedName = request.namespaces?.find(name => isProtectedNamespace(name, config.namespaces))
  if (protectedName !== undefined) {
    throw new Problem('namespace-protected', `no rule may name namespace ${JSON.stringify(protectedName)}.`)
  }
  const { minimumSeconds } = config.period
  const maximumSeconds = Math.min(offer.maxPeriodSeconds, config.period.maximumSeconds, config.maxSessionSeconds)
  const { periodSeconds } = request
  if (!Number.isSafeInteger(periodSeconds) || periodSeconds < minimumSeconds) {
    throw new Problem('period-invalid', `period must be at least ${formatSeconds(minimumSeconds)}.`)
  }
  if (periodSeconds > maximumSeconds) {
    throw new Problem(
      'period-invalid',
      `period must be at most ${formatSeconds(maximumSeconds)} for role ${JSON.stringify(request.role)}, it is ${formatSeconds(periodSeconds)}.`,
    )
  }
}
