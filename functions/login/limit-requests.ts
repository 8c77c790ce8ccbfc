import type { MiddlewareHandler } from 'hono'
import type { RequestLimits } from './request-limits.ts'
import type { TailnetEnv } from './tailnet-env.ts'

/** Refuses more requests than the limits allow, once it is known who sends them. */
export function limitRequests({ admit }: RequestLimits): MiddlewareHandler<TailnetEnv> {
  return async (c, next) => {
    admit(c.get('person'), c.req.method === 'POST' && c.req.path.endsWith('/logout'))
    await next()
  }
}
