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

/** A role on offer. */
export type OfferedRole = v.InferOutput<typeof OfferedRole>

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

/** Everything that may be configured, each field by itself; durations come in their unit. */
export const Fields = v.pipe(
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

export type Fields = v.InferOutput<typeof Fields>
