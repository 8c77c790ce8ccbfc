import { eventTypes } from '#events'
import { refusedReasons } from '#events/event-refused'
import { hintTypes } from '#events/hint'
import { endReasons } from '#events/types/session-ended'
import { problems } from '../../core/problem.ts'

/**
 * The values that an attribute may have; any other becomes `other`, so that no stranger can make series without end. `few` says that
 * whoever records it takes the value from a list of its own (the routes of an app, the roles on offer, HTTP status codes): after the
 * first {@link mostOfFew} different ones, any other is `other` as well.
 */
type AttributeValues = readonly string[] | 'few'

/** So many values of an attribute are told apart where the table does not name them. */
export const mostOfFew = 50

/** What one metric is. Names, units and attributes follow OpenTelemetry's semantic conventions; Prometheus names follow from them. */
export interface MetricKind {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  /** UCUM; `{word}` is an annotation, which no Prometheus name carries. */
  readonly unit: string
  readonly help: string
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[]
  readonly attributes: Readonly<Record<string, AttributeValues>>
}

/** From an in-memory answer to somebody held for 25 s. */
const latency = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 30]

/** From a timer at its second to a provisioner that was down for an hour. */
const lateness = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600]

/** The types that a delivery may have; what a stranger makes up is `other`. */
const deliveredTypes: readonly string[] = [...eventTypes, ...hintTypes]

const problemCodes = Object.keys(problems)

/** The methods that HTTP names; any other is `other`. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']

/** Every metric of ours. None has a person, a node, a session or an address among its attributes. */
export const metricTable = {
  'tka.logins': {
    kind: 'counter',
    unit: '{login}',
    help: 'Logins by outcome: granted, or the code of the problem.',
    attributes: { outcome: ['granted', ...problemCodes] },
  },
  'tka.logouts': {
    kind: 'counter',
    unit: '{logout}',
    help: 'Logouts by outcome: done, or the code of the problem.',
    attributes: { outcome: ['done', ...problemCodes] },
  },
  'tka.kubeconfigs': {
    kind: 'counter',
    unit: '{kubeconfig}',
    help: 'Kubeconfig fetches by outcome: issued, or the code of the problem.',
    attributes: { outcome: ['issued', ...problemCodes] },
  },
  'tka.tailnet.up': {
    kind: 'gauge',
    unit: '{node}',
    help: '1 while this pod is the tailnet node and takes requests, else 0.',
    attributes: {},
  },
  'tka.login.waiting': {
    kind: 'gauge',
    unit: '{request}',
    help: 'People whose request is held until their event is answered.',
    attributes: {},
  },
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Duration of HTTP requests over the tailnet.',
    buckets: latency,
    attributes: { 'http.request.method': methods, 'http.route': 'few', 'http.response.status_code': 'few' },
  },
  'tka.phase.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Time by phase: tailnet (to learn who is asking), broker (one event, from made to received), kubernetes (one session made).',
    buckets: latency,
    attributes: { phase: ['tailnet', 'broker', 'kubernetes'] },
  },
  'tka.event.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Duration of the handling of one delivery, by type and outcome.',
    buckets: latency,
    attributes: { type: deliveredTypes, outcome: ['done', 'answered', 'refused', 'problem', 'unavailable', 'failed'] },
  },
  'tka.events.refused': {
    kind: 'counter',
    unit: '{event}',
    help: 'Events that were not acted on, by reason.',
    attributes: { reason: refusedReasons },
  },
  'tka.sessions.live': {
    kind: 'gauge',
    unit: '{session}',
    help: 'Live sessions by role.',
    attributes: { role: 'few' },
  },
  'tka.session.revocation.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Time from the decision to end a session to the proof that its access is gone, by reason.',
    buckets: latency,
    attributes: { reason: endReasons },
  },
  'tka.session.expiry.lag': {
    kind: 'histogram',
    unit: 's',
    help: 'How long after its valid-until an expired session had ended.',
    buckets: lateness,
    attributes: {},
  },
  'tka.guard.in.doubt': {
    kind: 'gauge',
    unit: '{doubt}',
    help: '1 while the guard is not proved and nothing is granted, else 0.',
    attributes: {},
  },
  'tka.alarms': {
    kind: 'counter',
    unit: '{alarm}',
    help: 'Alarms: somebody else has a hand in what should be ours alone.',
    attributes: {},
  },
  'tka.sweeps': {
    kind: 'counter',
    unit: '{sweep}',
    help: 'Sweeps by outcome (swept, failed), and the ticks that came too soon after one (deferred): one sweep follows for them.',
    attributes: { outcome: ['swept', 'deferred', 'failed'] },
  },
  'tka.sweep.last.timestamp': {
    kind: 'gauge',
    unit: 's',
    help: 'When this process last swept to the end, in seconds since 1970; absent before.',
    attributes: {},
  },
  'tka.sweep.lag': {
    kind: 'histogram',
    unit: 's',
    help: 'How long after its valid-until the sweep found a session that should have ended.',
    buckets: lateness,
    attributes: {},
  },
} as const satisfies Readonly<Record<string, MetricKind>>

type Table = typeof metricTable

/** A metric's name, as OpenTelemetry has it. */
export type MetricName = keyof Table

/** The metrics of one kind. */
export type MetricOf<K extends MetricKind['kind']> = {
  [M in MetricName]: Table[M]['kind'] extends K ? M : never
}[MetricName]

/** What has to be said beside a metric's value. */
export type AttributesOf<M extends MetricName> = { readonly [A in keyof Table[M]['attributes']]: string }
