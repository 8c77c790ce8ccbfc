import { type Context, Hono } from 'hono'
import { requestId } from 'hono/request-id'
import { negotiate } from '#core/negotiate'
import { Problem } from '#core/problem'
import { addApi } from './api.ts'
import { apiPath, type HomeBody } from './api-bodies.ts'
import { answersJson, limitBody } from './bodies.ts'
import { ConnectionLost } from './connection.ts'
import type { LoginDeps } from './deps.ts'
import { type CheckGrant, identified } from './identified.ts'
import { limitRequests } from './limit-requests.ts'
import { type Observers, observeRequests } from './observe-requests.ts'
import { refuseOtherMethods } from './other-methods.ts'
import { ownRequestsOnly } from './own-requests.ts'
import { createPage } from './page/page.ts'
import { problemResponse } from './problem-response.ts'
import type { RequestLimits } from './request-limits.ts'
import { securityHeaders } from './security-headers.ts'
import type { TailnetEnv } from './tailnet-env.ts'

/** What the app needs beside the flows' own. */
export interface TailnetAppDeps extends LoginDeps, Observers {
  /** Called once a request. */
  readonly checkGrant: CheckGrant
  readonly limits: RequestLimits
  /** Told of what nobody expected. */
  readonly failed: (error: unknown, request: { readonly method: string; readonly path: string }) => void
}

const longestRequestId = 64

/** The HTTP API over the tailnet, and nothing that belongs to the cluster. */
export function createTailnetApp(deps: TailnetAppDeps): Hono<TailnetEnv> {
  const { config } = deps
  const page = createPage(deps)
  const app = new Hono<TailnetEnv>()

  const refuse = (c: Context<TailnetEnv>, problem: Problem) =>
    page.wantedBy(c) ? page.problem(c, problem) : problemResponse(c, problem, config.login.retryAfterSeconds)

  app.onError((error, c) => {
    const { method, path, raw } = c.req
    const expected = error instanceof Problem || error instanceof ConnectionLost || isGone(error, raw.signal)
    if (!expected) deps.failed(error, { method, path })
    return refuse(c, error instanceof Problem ? error : new Problem('internal'))
  })
  app.notFound(c => refuse(c, new Problem('not-found')))

  app.use(requestId({ limitLength: longestRequestId }), observeRequests(deps), securityHeaders)
  app.use(ownRequestsOnly, limitBody(), identified(deps), limitRequests(deps.limits))

  app.get('/', c => {
    c.header('Vary', 'Accept')
    if (page.wantedBy(c)) return page.home(c)
    if (negotiate(c.req.header('accept'), ['application/json']) === undefined) throw new Problem('not-acceptable')
    const { login, node } = c.get('person')
    const { cluster } = config
    const body: HomeBody = { service: 'tka', cluster, api: apiPath, openapi: '/openapi.json', login, node: node.name }
    return c.json(body)
  })
  app.get('/openapi.json', answersJson, async c => {
    // Loaded for whoever asks, which hardly anybody does.
    const { default: document } = await import('./openapi/openapi.json', { with: { type: 'json' } })
    return c.json(document)
  })
  page.addForms(app)
  addApi(app, {
    ...deps,
    failedLater: error => deps.failed(error, { method: 'POST', path: `${apiPath}/login` }),
  })
  refuseOtherMethods(app)
  return app
}

/** The client closed the connection before it had sent its whole body. */
function isGone(error: Error, signal: AbortSignal): boolean {
  return signal.aborted && 'code' in error && error.code === 'ECONNRESET'
}
