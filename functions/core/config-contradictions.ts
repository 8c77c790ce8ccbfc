import type { Fields } from './config-fields.ts'
import { isSystemNamespace } from './protected-namespaces.ts'

const longestHoldMs = 25_000

/** What in a configuration contradicts itself, a message each that names the fields and their values. */
export function contradictions({ namespaces, period, maxSessionSeconds, roles, login }: Fields): readonly string[] {
  const seen = new Set<string>()
  const repeated = roles.filter(({ name, scope }) => seen.size === seen.add(`${name} ${scope}`).size)
  const rules: readonly (readonly [broken: boolean, message: string])[] = [
    [
      namespaces.system === namespaces.sessions,
      `namespaces.system and namespaces.sessions must differ, both are "${namespaces.system}"`,
    ],
    ...Object.entries(namespaces).map(
      ([field, name]) =>
        [
          isSystemNamespace(name),
          `namespaces.${field} must not start with kube- or knative-, it is "${name}"`,
        ] as const,
    ),
    [
      period.minimumSeconds > period.maximumSeconds,
      `period.minimum (${period.minimumSeconds}s) must be at most period.maximum (${period.maximumSeconds}s)`,
    ],
    [
      maxSessionSeconds < period.minimumSeconds,
      `maxSession (${maxSessionSeconds}s) must be at least period.minimum (${period.minimumSeconds}s)`,
    ],
    ...repeated.map(({ name, scope }) => [true, `roles must offer "${name}" once for scope ${scope}`] as const),
    ...roles.map(
      ({ name, scope, maxPeriodSeconds }) =>
        [
          maxPeriodSeconds > period.maximumSeconds || maxPeriodSeconds < period.minimumSeconds,
          `maxPeriod of role "${name}" (${scope}) must be within period.minimum and period.maximum, it is ${maxPeriodSeconds}s`,
        ] as const,
    ),
    [
      login.holdMs < 1_000 || login.holdMs > longestHoldMs,
      `login.hold must be from 1s to 25s, it is ${login.holdMs}ms`,
    ],
    [
      login.requestTimeoutMs <= login.holdMs,
      `login.requestTimeout (${login.requestTimeoutMs}ms) must be longer than login.hold (${login.holdMs}ms)`,
    ],
    [
      login.headersTimeoutMs < 1_000 || login.headersTimeoutMs > login.requestTimeoutMs,
      `login.headersTimeout must be from 1s to login.requestTimeout, it is ${login.headersTimeoutMs}ms`,
    ],
    [
      login.keepAliveTimeoutMs < 1_000,
      `login.keepAliveTimeout must be at least 1s, it is ${login.keepAliveTimeoutMs}ms`,
    ],
    [login.driftIntervalMs < 1_000, `login.driftInterval must be at least 1s, it is ${login.driftIntervalMs}ms`],
    ...(['perSecond', 'burst'] as const).map(
      field =>
        [
          login.limits.perPerson[field] > login.limits.total[field],
          `login.limits.perPerson.${field} (${login.limits.perPerson[field]}) must be at most that of total (${login.limits.total[field]})`,
        ] as const,
    ),
  ]
  return rules.flatMap(([broken, message]) => (broken ? [message] : []))
}
