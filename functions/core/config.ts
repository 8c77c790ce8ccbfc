import * as v from 'valibot'
import { parseDuration, parseSeconds } from './duration.ts'
import { isDnsLabel, isLabelValue } from './kubernetes-names.ts'

const milliseconds = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseDuration(dataset.value)
    if (parsed !== undefined) return parsed
    addIssue({ message: 'must be a duration such as 25s or 500ms' })
    return NEVER
  }),
)

const seconds = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseSeconds(dataset.value)
    if (parsed !== undefined) return parsed
    addIssue({ message: 'must be a duration of whole seconds, at least one, such as 10m or 1h30m' })
    return NEVER
  }),
)

const text = (expectation: string, holds: (value: string) => boolean) =>
  v.pipe(v.string(), v.check(holds, `must be ${expectation}`))

const namespace = text('the name of a namespace (a DNS label)', isDnsLabel)

/** The address of an API server, as it may stand in a kubeconfig. */
export const HttpsUrl = text('an https URL without user, query or fragment', value => {
  const url = URL.parse(value)
  return url?.protocol === 'https:' && !url.username && !url.password && !url.search && !url.hash
})

const httpUrl = text('an http or https URL', value => /^https?:$/.test(URL.parse(value)?.protocol ?? ''))

/** A role that rules may give, in one scope; offered in both, it has two entries. */
const OfferedRole = v.pipe(
  v.strictObject({
    name: text('a valid label value (at most 63 of A-Z a-z 0-9 . _ -)', isLabelValue),
    scope: v.picklist(['cluster', 'namespaced']),
    maxPeriod: seconds,
    clusterAdminEquivalent: v.optional(v.boolean(), false),
  }),
  v.transform(({ maxPeriod, ...role }) => ({ ...role, maxPeriodSeconds: maxPeriod })),
)

/** How many requests: so many a second, and so many at once after a pause. */
const Rate = (perSecond: number, burst: number) =>
  v.optional(
    v.strictObject({
      perSecond: v.optional(
        v.pipe(v.number(), v.finite('must be finite'), v.minValue(0.1, 'must be at least 0.1')),
        perSecond,
      ),
      // A client that logs in anew sends three requests within 220 ms, and one that waits polls beside them.
      burst: v.optional(v.pipe(v.number(), v.integer(), v.minValue(10, 'must be at least 10')), burst),
    }),
    {},
  )

const Login = v.pipe(
  v.strictObject({
    hold: v.optional(milliseconds, '25s'),
    retryAfterSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(60)), 1),
    headersTimeout: v.optional(milliseconds, '15s'),
    requestTimeout: v.optional(milliseconds, '30s'),
    keepAliveTimeout: v.optional(milliseconds, '75s'),
    driftInterval: v.optional(milliseconds, '60s'),
    limits: v.optional(v.strictObject({ perPerson: Rate(5, 40), total: Rate(200, 1_000) }), {}),
  }),
  v.transform(login => ({
    holdMs: login.hold,
    retryAfterSeconds: login.retryAfterSeconds,
    headersTimeoutMs: login.headersTimeout,
    requestTimeoutMs: login.requestTimeout,
    keepAliveTimeoutMs: login.keepAliveTimeout,
    driftIntervalMs: login.driftInterval,
    limits: login.limits,
  })),
)

const Fields = v.pipe(
  v.strictObject({
    cluster: text('1 to 40 of a-z 0-9 -', value => /^[a-z0-9-]{1,40}$/.test(value)),
    // `…-user` inside it would make the names of one install start like those of another.
    install: v.optional(
      text(
        'a DNS label of at most 20 characters that starts with a letter and does not contain -user',
        value => /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(value) && !value.includes('-user'),
      ),
      'tka',
    ),
    namespaces: v.optional(
      v.strictObject({ system: v.optional(namespace, 'tka-system'), sessions: v.optional(namespace, 'tka') }),
      {},
    ),
    capability: v.optional(
      text('a capability name such as example.com/cap/tka', value => /^[a-z0-9.-]+\/[A-Za-z0-9/._-]+$/.test(value)),
      'specht-labs.de/cap/tka',
    ),
    homeDomain: v.exactOptional(
      text('the part of a login after the @', value => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value)),
    ),
    rules: v.optional(v.picklist(['several', 'single']), 'several'),
    period: v.optional(
      v.pipe(
        v.strictObject({ minimum: v.optional(seconds, '10m'), maximum: v.optional(seconds, '24h') }),
        v.transform(({ minimum, maximum }) => ({ minimumSeconds: minimum, maximumSeconds: maximum })),
      ),
      {},
    ),
    maxSession: v.optional(seconds, '24h'),
    roles: v.pipe(v.array(OfferedRole), v.minLength(1, 'must offer at least one role')),
    login: v.optional(Login, {}),
    // What is left out, login looks up in the cluster.
    apiServer: v.optional(
      v.strictObject({
        url: v.exactOptional(HttpsUrl),
        ca: v.exactOptional(text('a PEM certificate', value => value.includes('-----BEGIN CERTIFICATE-----'))),
      }),
      {},
    ),
    tailnet: v.optional(
      v.strictObject({
        hostname: v.optional(text('a DNS label', isDnsLabel), 'tka'),
        controlUrl: v.exactOptional(httpUrl),
        udpPort: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)), 41_641),
        tags: v.optional(
          v.array(text('a tag such as tag:tka', value => /^tag:[A-Za-z][A-Za-z0-9-]*$/.test(value))),
          [],
        ),
        https: v.optional(v.boolean(), false),
        env: v.optional(v.record(v.string(), v.string()), {}),
      }),
      {},
    ),
    expiryTimers: v.optional(v.boolean(), true),
  }),
  v.transform(({ maxSession, ...config }) => ({ ...config, maxSessionSeconds: maxSession })),
)

type Fields = v.InferOutput<typeof Fields>

/** The configuration of an install: strict, each contradiction refused with the fields that contradict each other. */
export const Config = v.pipe(
  Fields,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    for (const message of contradictions(dataset.value)) addIssue({ message })
  }),
  v.readonly(),
)

export type Config = v.InferOutput<typeof Config>

/** A role on offer. */
export type OfferedRole = v.InferOutput<typeof OfferedRole>

/** A configuration that cannot be used; the message has one line per field, with its value and what it must be. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid'
}

/** Reads a configuration, as YAML parsed it; throws {@link ConfigInvalid}. */
export function parseConfig(value: unknown): Config {
  const parsed = v.safeParse(Config, value)
  if (parsed.success) return parsed.output
  throw new ConfigInvalid(parsed.issues.map(issue => describe(issue)).join('\n'))
}

/** True for namespaces that no rule can name: the install's own two, and those of Kubernetes and Knative. */
export function isProtectedNamespace(name: string, namespaces: Config['namespaces']): boolean {
  return isSystemNamespace(name) || name === namespaces.system || name === namespaces.sessions
}

const isSystemNamespace = (name: string) => name.startsWith('kube-') || name.startsWith('knative-')

const longestHoldMs = 25_000

function contradictions({ namespaces, period, maxSessionSeconds, roles, login }: Fields): readonly string[] {
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

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  // Checks across fields name their fields and values themselves.
  if (path === null) return issue.type === 'raw_check' ? issue.message : `the configuration ${expectation(issue)}`
  if (issue.expected === 'never') return `${path} is not a field of the configuration`
  if (issue.input === undefined) return `${path} is missing`
  return `${path} ${expectation(issue)}, it is ${JSON.stringify(issue.input)}`
}

function expectation(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('must ') ? issue.message : `must be ${issue.expected ?? 'something else'}`
}
