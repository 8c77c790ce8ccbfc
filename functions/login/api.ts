import type { Context, Hono } from 'hono'
import { stringify } from 'yaml'
import { givesRights } from '#core/compare-rights'
import { choices } from '#core/decide'
import { formatSeconds } from '#core/duration'
import { formatInstant } from '#core/instant'
import { certificateAuthorityData, internalKubeconfig, standardKubeconfig } from '#core/kubeconfig'
import { negotiate } from '#core/negotiate'
import { prefersAsync } from '#core/prefer'
import { Problem } from '#core/problem'
import type { TailnetPerson } from '#core/tailnet-identity'
import type { KnownSession } from './answer.ts'
import { apiPath, type ClusterInfoBody, type RolesBody, type SessionBody } from './api-bodies.ts'
import { answersJson, jsonBodyOnly } from './bodies.ts'
import type { LoginDeps } from './deps.ts'
import { fetchKubeconfig, requireKubeconfig } from './fetch-kubeconfig.ts'
import { type CheckGrant, watchful } from './identified.ts'
import { logIn, logInMeanwhile } from './log-in.ts'
import { logOut } from './log-out.ts'
import { nameOf, standingOfPerson } from './person.ts'
import type { TailnetEnv } from './tailnet-env.ts'

/** What the API needs beside the flows' own. */
export interface ApiDeps extends LoginDeps {
  readonly checkGrant: CheckGrant
  /** Told of what nobody expected of a login that nobody waits for any more. */
  readonly failedLater: (error: unknown) => void
}

const kubeconfigForms = ['application/json', 'application/yaml', 'text/yaml', 'application/x-yaml'] as const

const loggedOut = 'You are logged out, on every device of yours.'

type Ended = Omit<KnownSession, 'session'>

/** Adds the routes of `v1alpha1`. */
export function addApi(app: Hono<TailnetEnv>, deps: ApiDeps): void {
  const { config } = deps
  const retryAfter = { 'Retry-After': String(config.login.retryAfterSeconds) }
  const pending = `${new Problem('still-provisioning').kind.title}.`
  const api = app.basePath(apiPath)

  api.post('/login', jsonBodyOnly, answersJson, async c => {
    const role = chosenRole(c)
    const { identify } = c.env.connection
    const person = c.get('person')
    if (!prefersAsync(c.req.header('prefer'))) {
      const session = await logIn(identify, role, deps)
      c.set('session', session)
      return c.json(sessionBody(person, session, session.role), 202)
    }
    const wish = await logInMeanwhile(identify, role, deps, deps.failedLater)
    c.set('session', wish)
    const headers = { ...retryAfter, 'Preference-Applied': 'respond-async', Location: `${apiPath}/login` }
    return c.json({ ...sessionBody(person, wish, wish.role), message: pending }, 202, headers)
  })

  api.get('/login', answersJson, c => {
    const person = c.get('person')
    const standing = standingOfPerson(person, deps)
    if (standing.kind === 'unknown') throw new Problem('unavailable')
    if (standing.kind !== 'live' && standing.kind !== 'provisioning') throw new Problem('not-signed-in')
    const body = sessionBody(person, standing.session, ownRole(person, standing.session))
    if (standing.kind === 'live') return c.json(body)
    return c.json({ ...body, message: pending }, 202, retryAfter)
  })

  api.post('/logout', jsonBodyOnly, answersJson, async c => {
    const person = c.get('person')
    const session = await logOut(person, deps)
    c.set('session', session)
    // Where nobody can say what ended, it is over by now.
    const body = session
      ? sessionBody(person, session, ownRole(person, session))
      : sessionBody(person, { validUntil: deps.now() }, '')
    return c.json({ ...body, message: loggedOut })
  })

  api.get('/kubeconfig', async c => {
    const form = negotiate(c.req.header('accept'), kubeconfigForms)
    if (form === undefined) throw new Problem('not-acceptable')
    const identify = watchful(c.env.connection.identify, deps.checkGrant)
    const headers = { 'Content-Type': form, Vary: 'Accept' }
    if (c.req.method === 'HEAD') {
      requireKubeconfig(await identify(), deps)
      return c.body(null, 200, headers)
    }
    const input = await fetchKubeconfig(identify, deps)
    const standing = standingOfPerson(c.get('person'), deps)
    if (standing.kind === 'live') c.set('session', standing.session)
    const text =
      form === 'application/json' ? JSON.stringify(internalKubeconfig(input)) : stringify(standardKubeconfig(input))
    return c.body(text, 200, headers)
  })

  api.get('/cluster-info', answersJson, c =>
    c.json({
      server_url: deps.apiServer.url,
      insecure_skip_tls_verify: false,
      ca_data: certificateAuthorityData(deps.apiServer.ca),
      labels: { 'tka.dev/cluster': config.cluster },
    } satisfies ClusterInfoBody),
  )

  api.get('/roles', answersJson, c => {
    const roles = choices(c.get('person'), config).map(({ role, periodSeconds, namespaces }) => ({
      role,
      period: formatSeconds(periodSeconds),
      ...(namespaces === undefined ? {} : { namespaces }),
    }))
    return c.json({ roles } satisfies RolesBody)
  })

  function sessionBody(person: TailnetPerson, { validUntil }: Pick<Ended, 'validUntil'>, role: string): SessionBody {
    return { username: nameOf(person, deps), role, until: formatInstant(validUntil) }
  }

  /** A session's role is told only to a device whose own rules give it; to any other the field stays empty. */
  function ownRole(person: TailnetPerson, session: Ended): string {
    return givesRights(session, person, config) ? session.role : ''
  }
}

function chosenRole(c: Context): string | undefined {
  const [role, ...others] = c.req.queries('role') ?? []
  if (others.length > 0) throw new Problem('bad-request', 'role is to be given once.')
  return role || undefined
}
