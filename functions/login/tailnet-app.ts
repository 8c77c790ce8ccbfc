import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { stringify } from 'yaml'
import { checkHost, checkOrigin } from '#core/check-request'
import { givesRights } from '#core/compare-rights'
import { choices } from '#core/decide'
import { formatSeconds } from '#core/duration'
import { formatInstant } from '#core/instant'
import { certificateAuthorityData, internalKubeconfig, standardKubeconfig } from '#core/kubeconfig'
import { negotiate } from '#core/negotiate'
import { Problem } from '#core/problem'
import { requirePerson, type TailnetIdentity, type TailnetPerson } from '#core/tailnet-identity'
import type { KnownSession } from './answer.ts'
import { type Connection, ConnectionLost } from './connection.ts'
import type { LoginDeps } from './deps.ts'
import { fetchKubeconfig } from './fetch-kubeconfig.ts'
import { type Identify, logIn } from './log-in.ts'
import { logOut } from './log-out.ts'
import { type Observers, observeRequests } from './observe-requests.ts'
import { createPage } from './page/page.ts'
import { nameOf, standingOfPerson } from './person.ts'
import { problemResponse } from './problem-response.ts'
import type { RequestLimits } from './request-limits.ts'
import { securityHeaders } from './security-headers.ts'

/** What the app is given with each request and keeps beside it. */
export interface TailnetEnv {
  readonly Bindings: { readonly connection: Connection }
  readonly Variables: {
    readonly person: TailnetPerson
    /** Whoever was found at the other end, also where that is nobody we serve. */
    readonly identity?: TailnetIdentity
    /** What a request got or gave up. */
    readonly session?: Omit<KnownSession, 'session'> & Partial<KnownSession>
  }
}

/** What the app needs beside the flows' own. */
export interface TailnetAppDeps extends LoginDeps, Observers {
  /** Looks whether the person's device still gives their session; called once a request. */
  readonly checkGrant: (person: TailnetPerson) => void
  readonly limits: RequestLimits
  /** Told of what nobody expected. */
  readonly failed: (error: unknown, request: { readonly method: string; readonly path: string }) => void
}

const largestBodyBytes = 16 * 1024
const logoutPaths: readonly string[] = ['/logout', '/api/v1alpha1/logout']
const kubeconfigForms = ['application/json', 'application/yaml', 'text/yaml', 'application/x-yaml'] as const

/** The HTTP API over the tailnet, and nothing that belongs to the cluster. */
export function createTailnetApp(deps: TailnetAppDeps): Hono<TailnetEnv> {
  const { config } = deps
  const { retryAfterSeconds } = config.login
  const page = createPage(deps)
  const app = new Hono<TailnetEnv>()

  const refuse = (c: Context<TailnetEnv>, problem: Problem) =>
    page.wantedBy(c) ? page.problem(c, problem) : problemResponse(c, problem, retryAfterSeconds)

  app.onError((error, c) => {
    const { method, path } = c.req
    if (!(error instanceof Problem) && !(error instanceof ConnectionLost)) deps.failed(error, { method, path })
    return refuse(c, error instanceof Problem ? error : new Problem('internal'))
  })
  app.notFound(c => refuse(c, new Problem('not-found')))

  app.use(observeRequests(deps), securityHeaders, ownRequestsOnly, limitBody(), identified(deps), counted(deps.limits))

  app.get('/', c => {
    c.header('Vary', 'Accept')
    if (page.wantedBy(c)) return page.home(c)
    const { login, node } = c.get('person')
    return c.json({ service: 'tka', cluster: config.cluster, api: '/api/v1alpha1', login, node: node.name })
  })

  page.addForms(app)

  const api = app.basePath('/api/v1alpha1')

  api.post('/login', async c => {
    const session = await logIn(c.env.connection.identify, c.req.query('role') || undefined, deps)
    c.set('session', session)
    return c.json(sessionBody(c.get('person'), session, session.role), 202)
  })

  api.get('/login', c => {
    const person = c.get('person')
    const standing = standingOfPerson(person, deps)
    if (standing.kind !== 'live' && standing.kind !== 'provisioning') throw new Problem('not-signed-in')
    const body = sessionBody(person, standing.session, ownRole(person, standing.session))
    if (standing.kind === 'live') return c.json(body)
    const { title } = new Problem('still-provisioning').kind
    return c.json({ ...body, message: `${title}.` }, 202, { 'Retry-After': String(retryAfterSeconds) })
  })

  api.post('/logout', async c => {
    const person = c.get('person')
    const session = await logOut(person, deps)
    c.set('session', session)
    return c.json(sessionBody(person, session, ownRole(person, session)))
  })

  api.get('/kubeconfig', async c => {
    const form = negotiate(c.req.header('accept'), kubeconfigForms)
    if (form === undefined) throw new Problem('not-acceptable')
    const input = await fetchKubeconfig(watchful(c.env.connection.identify, deps.checkGrant), deps)
    const standing = standingOfPerson(c.get('person'), deps)
    if (standing.kind === 'live') c.set('session', standing.session)
    const text =
      form === 'application/json' ? JSON.stringify(internalKubeconfig(input)) : stringify(standardKubeconfig(input))
    return c.body(text, 200, { 'Content-Type': form, Vary: 'Accept' })
  })

  api.get('/cluster-info', c =>
    c.json({
      server_url: deps.apiServer.url,
      insecure_skip_tls_verify: false,
      ca_data: certificateAuthorityData(deps.apiServer.ca),
      labels: { 'tka.dev/cluster': config.cluster },
    }),
  )

  api.get('/roles', c => {
    const grants = choices(c.get('person'), config)
    return c.json({
      roles: grants.map(({ role, periodSeconds, namespaces }) => ({
        role,
        period: formatSeconds(periodSeconds),
        ...(namespaces === undefined ? {} : { namespaces }),
      })),
    })
  })

  refuseOtherMethods(app)
  return app

  function sessionBody(person: TailnetPerson, { validUntil }: Omit<KnownSession, 'session'>, role: string) {
    return { username: nameOf(person, deps), role, until: formatInstant(validUntil) }
  }

  /** A session's role is told only to a device whose own rules give it; to any other the field stays empty. */
  function ownRole(person: TailnetPerson, session: Omit<KnownSession, 'session'>): string {
    return givesRights(session, person, config) ? session.role : ''
  }
}

const ownRequestsOnly: MiddlewareHandler<TailnetEnv> = async (c, next) => {
  const facts = {
    method: c.req.method,
    host: c.req.header('host'),
    origin: c.req.header('origin'),
    secFetchSite: c.req.header('sec-fetch-site'),
    contentType: c.req.header('content-type'),
  }
  checkHost(facts, c.env.connection.listener)
  checkOrigin(facts, c.env.connection.listener)
  await next()
}

function identified({
  checkGrant,
  metrics,
}: Pick<TailnetAppDeps, 'checkGrant' | 'metrics'>): MiddlewareHandler<TailnetEnv> {
  return async (c, next) => {
    const began = performance.now()
    const identity = await c.env.connection.identify()
    metrics.record('tka.phase.duration', (performance.now() - began) / 1000, { phase: 'tailnet' })
    c.set('identity', identity)
    const person = requirePerson(identity)
    c.set('person', person)
    checkGrant(person)
    await next()
  }
}

/** The page's requests count like the API's. */
function counted(limits: RequestLimits): MiddlewareHandler<TailnetEnv> {
  return async (c, next) => {
    limits.admit(c.get('person'), c.req.method === 'POST' && logoutPaths.includes(c.req.path))
    await next()
  }
}

/** A loss that shows only when the held request is checked again ends the session as well. */
function watchful(identify: Identify, checkGrant: (person: TailnetPerson) => void): Identify {
  return async () => {
    const identity = await identify()
    if (identity.kind === 'person') checkGrant(identity)
    return identity
  }
}

function limitBody(): MiddlewareHandler<TailnetEnv> {
  return bodyLimit({
    maxSize: largestBodyBytes,
    onError: () => {
      throw new Problem('body-too-large')
    },
  })
}

/** Tells a wrong method on a path that exists from a path that does not. */
function refuseOtherMethods(app: Hono<TailnetEnv>): void {
  const methods = new Map<string, string[]>()
  for (const { method, path } of app.routes) {
    if (method !== 'ALL') methods.set(path, [...(methods.get(path) ?? []), method])
  }
  for (const [path, allowed] of methods) {
    app.all(path, c => {
      c.header('Allow', [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : [])].sort().join(', '))
      throw new Problem('method-not-allowed')
    })
  }
}
