import { createMiddleware } from 'hono/factory'
import { checkHost, checkOrigin } from '#core/check-request'
import type { TailnetEnv } from './tailnet-env.ts'

/** Lets through what was sent to us under a name of ours, and not by another site's page. */
export const ownRequestsOnly = createMiddleware<TailnetEnv>(async (c, next) => {
  const { listener } = c.env.connection
  const facts = {
    method: c.req.method,
    path: c.req.path,
    host: c.req.header('host'),
    origin: c.req.header('origin'),
    secFetchSite: c.req.header('sec-fetch-site'),
    secFetchDest: c.req.header('sec-fetch-dest'),
    contentType: c.req.header('content-type'),
  }
  checkHost(facts, listener)
  // A target in absolute form goes before Host (RFC 9112, 3.2.2).
  checkHost({ ...facts, host: new URL(c.req.url).host }, listener)
  checkOrigin(facts, listener)
  await next()
})
