import { parseSeconds } from './duration.ts'
import { isDnsLabel } from './kubernetes-names.ts'
import { Problem } from './problem.ts'

/** One value of our capability in the tailnet policy, read. */
export interface CapabilityRule {
  readonly role: string
  /** As written; its bounds are judged only once the rule is chosen. */
  readonly period: string
  /** Sorted and unique; absent means the whole cluster. */
  readonly namespaces?: readonly string[]
  readonly priority: number
  readonly viewSessions: boolean
}

/** What an event and a Lease hold. */
const mostNamespaces = 64

const fields = ['role', 'period', 'priority', 'namespaces', 'viewSessions'] as const
type Field = (typeof fields)[number]

/**
 * Reads every value of our capability; throws `capability-invalid` naming the rule and the field if any cannot be read.
 * As Go's `encoding/json` does: keys in any letter case, unknown keys ignored, `null` as if absent, integers only for `priority`.
 * Stricter than Go, since it decides on rights: one field under two spellings, or an empty list of namespaces, is refused.
 */
export function readCapabilityRules(values: readonly unknown[]): readonly CapabilityRule[] {
  return distinct(values.map(readRule))
}

function distinct(rules: readonly CapabilityRule[]): readonly CapabilityRule[] {
  return [...new Map(rules.map(rule => [identityOf(rule), rule])).values()]
}

/** What a rule gives, as text; a period of `8h` and one of `480m` are the same. */
function identityOf({ role, period, namespaces, priority, viewSessions }: CapabilityRule): string {
  return JSON.stringify([role, parseSeconds(period) ?? period, namespaces ?? null, priority, viewSessions])
}

function readRule(value: unknown, at: number): CapabilityRule {
  const refuse = (field: string, expectation: string, found?: unknown) =>
    new Problem(
      'capability-invalid',
      `rule ${at + 1}: ${field} must be ${expectation}${found === undefined ? '' : `, it is ${shortJson(found)}`}.`,
    )
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('the rule', 'a JSON object', value)
  }
  const given = new Map<Field, unknown>()
  for (const [key, content] of Object.entries(value)) {
    const field = fields.find(name => name.toLowerCase() === key.toLowerCase())
    if (field === undefined || content === null) continue
    if (given.has(field)) throw refuse(field, 'given once, whatever the letter case')
    given.set(field, content)
  }

  const text = (field: Field) => {
    const content = given.get(field)
    if (typeof content !== 'string' || content === '') throw refuse(field, 'a non-empty string', content ?? '')
    return content
  }
  const role = text('role')
  const period = text('period')

  const priority = given.get('priority') ?? 0
  if (typeof priority !== 'number' || !Number.isSafeInteger(priority)) throw refuse('priority', 'an integer', priority)

  const viewSessions = given.get('viewSessions') ?? false
  if (typeof viewSessions !== 'boolean') throw refuse('viewSessions', 'true or false', viewSessions)

  const namespaces = given.get('namespaces')
  if (namespaces === undefined) return { role, period, priority, viewSessions }
  if (!Array.isArray(namespaces) || namespaces.length === 0) {
    throw refuse('namespaces', 'a list of at least one name (leave it out for the whole cluster)', namespaces)
  }
  if (namespaces.length > mostNamespaces) throw refuse('namespaces', `at most ${mostNamespaces} names`)
  const names = namespaces.map((name: unknown) => {
    if (typeof name === 'string' && isDnsLabel(name)) return name
    throw refuse('namespaces', 'names of namespaces (DNS labels)', name ?? '')
  })
  return { role, period, priority, viewSessions, namespaces: [...new Set(names)].sort() }
}

function shortJson(value: unknown): string {
  const json = JSON.stringify(value)
  return json.length > 60 ? `${json.slice(0, 60)}…` : json
}
