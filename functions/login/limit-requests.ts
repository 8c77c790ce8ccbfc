import type { MiddlewareHandler } from 'hono'
import { apiPath } from './api-bodies.ts'
import type { RequestLimits } from './request-limits.ts'
import type { TailnetEnv } from './tailnet-env.ts'

const logoutPaths: readonly string[] = ['/logout', `${apiPath}/logout`]

/** Refuses more requests than the limits allow, once it is known who sends them. The page's requests count like the API's. */
export function limitRequests(limits: RequestLimits): MiddlewareHandler<TailnetEnv> {
  return async (c, next) => {
    limits.admit(c.get('person'), c.req.method === 'POST' && logoutPaths.includes(c.req.path))
    await next()
  }
}
