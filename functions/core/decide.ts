import { type CapabilityRule, readCapabilityRules } from './capability-rule.ts'
import { checkOffer } from './check-offer.ts'
import type { Config } from './config.ts'
import { parseSeconds } from './duration.ts'
import { Problem } from './problem.ts'
import { requirePerson, type TailnetIdentity } from './tailnet-identity.ts'

/** What a person may have from the device that they ask from. */
export interface Grant {
  readonly role: string
  /** Sorted and unique; absent means the whole cluster. */
  readonly namespaces?: readonly string[]
  readonly periodSeconds: number
  readonly priority: number
  readonly viewSessions: boolean
}

/** The part of the configuration that decisions need. */
export type RulesConfig = Pick<Config, 'rules' | 'roles' | 'namespaces' | 'period' | 'maxSessionSeconds'>

/**
 * Decides what the tailnet policy gives to whoever is at the other end. Throws a Problem, in this order: Funnel, unknown, WhoIs
 * failed, tagged, a rule that cannot be read, no rule, rules that tie; then what is wrong with the chosen rule.
 * With `role` only rules of that role count.
 */
export function decide(input: {
  readonly identity: TailnetIdentity
  readonly config: RulesConfig
  readonly role?: string | undefined
}): Grant {
  const person = requirePerson(input.identity)
  const rules = readCapabilityRules(person.capabilities)
  return offered(choose(rules, input), input.config)
}

/** Every rule of a person that would be granted if they asked for its role; those that would be refused are left out. */
export function choices(identity: TailnetIdentity, config: RulesConfig): readonly Grant[] {
  const rules = readCapabilityRules(requirePerson(identity).capabilities)
  const roles = [...new Set(rules.map(({ role }) => role))].sort()
  return roles.flatMap(role => {
    try {
      return [decide({ identity, config, role })]
    } catch (error) {
      if (error instanceof Problem) return []
      throw error
    }
  })
}

function choose(
  rules: readonly CapabilityRule[],
  { config, role }: { readonly config: RulesConfig; readonly role?: string | undefined },
): CapabilityRule {
  if (config.rules === 'single' && rules.length > 1) {
    throw new Problem('rules-tie', `this cluster takes one rule for a person, there are ${rules.length}.`)
  }
  const eligible = role === undefined ? rules : rules.filter(rule => rule.role === role)
  const highest = Math.max(...eligible.map(({ priority }) => priority))
  const [first, ...others] = eligible.filter(({ priority }) => priority === highest)
  if (first === undefined) {
    throw new Problem('no-rule', role === undefined ? '' : `none of your rules gives role ${JSON.stringify(role)}.`)
  }
  if (others.length > 0) {
    const roles = [first, ...others].map(rule => JSON.stringify(rule.role))
    throw new Problem(
      'rules-tie',
      `the rules for ${[...new Set(roles)].sort().join(' and ')} have priority ${highest}.`,
    )
  }
  return first
}

function offered(rule: CapabilityRule, config: RulesConfig): Grant {
  const { role, namespaces, priority, viewSessions } = rule
  const periodSeconds = parseSeconds(rule.period)
  // A role that is not offered is refused as that, whatever its period.
  checkOffer({ role, namespaces, periodSeconds: periodSeconds ?? config.period.minimumSeconds }, config)
  if (periodSeconds === undefined) {
    throw new Problem(
      'period-invalid',
      `period must be a duration of whole seconds such as 8h or 1h30m, it is ${JSON.stringify(rule.period.slice(0, 60))}.`,
    )
  }
  return { role, periodSeconds, priority, viewSessions, ...(namespaces === undefined ? {} : { namespaces }) }
}
