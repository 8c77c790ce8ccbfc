import { SpanKind } from '@opentelemetry/api'
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { formatInstant } from '#core/instant'
import { Problem } from '#core/problem'
import type { Audit, AuditRecord } from '#io/audit'
import { inSpan } from '#io/telemetry/in-span'
import type { Metrics } from '#io/telemetry/metrics'
import { remoteContext, traceHeaders } from '#io/trace-context'
import { apiPath } from './api-bodies.ts'
import type { TailnetEnv } from './tailnet-env.ts'

/** One request and what became of it. */
export interface Answered {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly tookMs: number
  /** As in the answer's X-Request-Id. */
  readonly requestId: string
}

/** Who is told of the requests. */
export interface Observers {
  /** Told of each answer: for the log, without the person. */
  readonly answered: (answer: Answered) => void
  readonly audit: Audit
  readonly metrics: Metrics
}

const longestLoggedPath = 100

/** What the routes decide about. Any other decides nothing but whether to answer at all. */
const actions: Readonly<Record<string, AuditRecord['action']>> = {
  [`POST ${apiPath}/login`]: 'login',
  'POST /login': 'login',
  [`POST ${apiPath}/logout`]: 'logout',
  'POST /logout': 'logout',
  [`GET ${apiPath}/kubeconfig`]: 'kubeconfig',
}

/** Tells of each request: a span that continues the client's trace, figures, one line for the log, and one record for each decision. */
export function observeRequests({ answered, audit, metrics }: Observers): MiddlewareHandler<TailnetEnv> {
  return async (c, next) => {
    const { method, path } = c.req
    const began = performance.now()
    await inSpan(method, { kind: SpanKind.SERVER, parent: remoteContext(c.req.header()) }, async span => {
      await next()
      c.header('traceparent', traceHeaders().traceparent)
      const tookMs = performance.now() - began
      const { status } = c.res
      // What the middlewares are registered for is no route.
      const route = matchedRoutes(c).findLast(matched => !matched.path.includes('*'))?.path
      if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute('http.route', route)
      span.setAttributes({
        'http.request.method': method,
        'url.scheme': c.env.connection.listener.scheme,
        'http.response.status_code': status,
      })
      metrics.record('http.server.request.duration', tookMs / 1000, {
        'http.request.method': method,
        'http.route': route ?? '',
        'http.response.status_code': String(status),
      })
      answered({
        method,
        path: path.slice(0, longestLoggedPath),
        status,
        tookMs: Math.round(tookMs * 10) / 10,
        requestId: c.get('requestId'),
      })
      const record = recordOf(c, actions[`${method} ${path}`])
      if (record === undefined) return
      audit(record)
      count(metrics, record)
    })
  }
}

type Observed = Parameters<MiddlewareHandler<TailnetEnv>>[0]

/** The decision, if there was one: nobody is kept a record of who merely looks, or asks again while a session is made. */
function recordOf(c: Observed, action: AuditRecord['action'] = 'other'): AuditRecord | undefined {
  const problem = c.error === undefined ? undefined : c.error instanceof Problem ? c.error : new Problem('internal')
  if (problem === undefined && action === 'other') return undefined
  const decision = decisionOf(problem)
  if (decision === undefined || (action === 'other' && !isAboutThePerson(problem))) return undefined
  const identity = c.get('identity')
  const session = c.get('session')
  const role = c.req.query('role')
  return {
    action,
    decision,
    ...(problem === undefined ? {} : { reason: problem.code }),
    who: identity?.kind ?? 'unknown',
    ...(identity?.kind === 'person' ? { login: identity.login, userId: identity.userId, node: identity.node } : {}),
    ...(identity?.kind === 'tagged' && identity.node !== undefined ? { node: identity.node } : {}),
    asked: { ...(role ? { role: role.slice(0, 63) } : {}) },
    ...(session === undefined || problem !== undefined ? {} : { session: described(session) }),
  }
}

function decisionOf(problem: Problem | undefined): 'allowed' | 'refused' | 'failed' | undefined {
  if (problem === undefined) return 'allowed'
  const { status } = problem.kind
  if (status === 202) return undefined
  return status >= 500 || status === 429 ? 'failed' : 'refused'
}

/** Refusals of whoever is asking, or of how, wherever they knocked; a path that does not exist is nobody's decision. */
function isAboutThePerson(problem: Problem | undefined): boolean {
  switch (problem?.code) {
    case 'funnel':
    case 'peer-unknown':
    case 'tagged-node':
    case 'host-not-ours':
    case 'origin-not-ours':
      return true
    default:
      return false
  }
}

function described({ session, role, namespaces, validUntil }: NonNullable<TailnetEnv['Variables']['session']>) {
  return {
    ...(session === undefined ? {} : { id: session }),
    role,
    ...(namespaces === undefined ? {} : { namespaces }),
    validUntil: formatInstant(validUntil),
  }
}

function count(metrics: Metrics, { action, reason }: AuditRecord): void {
  if (action === 'login') metrics.count('tka.logins', { outcome: reason ?? 'granted' })
  if (action === 'logout') metrics.count('tka.logouts', { outcome: reason ?? 'done' })
  if (action === 'kubeconfig') metrics.count('tka.kubeconfigs', { outcome: reason ?? 'issued' })
}
