import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { negotiate } from '#core/negotiate'
import { Problem } from '#core/problem'

const largestBodyBytes = 16 * 1024

/** Refuses a body that is larger than anything this is sent. */
export function limitBody(): MiddlewareHandler {
  return bodyLimit({
    maxSize: largestBodyBytes,
    onError: () => {
      throw new Problem('body-too-large', `at most ${largestBodyBytes} bytes are taken.`)
    },
  })
}

/** Refuses a body that is no JSON: nothing that the API is sent matters, but a type that it cannot be is a mistake to tell of. */
export const jsonBodyOnly = createMiddleware(async (c, next) => {
  const [type = ''] = (c.req.header('content-type') ?? 'application/json').split(';')
  const encoding = c.req.header('content-encoding') ?? 'identity'
  if (type.trim().toLowerCase() !== 'application/json' || encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type')
  }
  await next()
})

/** Refuses to answer in JSON, before anything is done, whoever accepts none. */
export const answersJson = createMiddleware(async (c, next) => {
  const accepted = negotiate(c.req.header('accept'), ['application/json', 'application/problem+json'])
  if (accepted === undefined) throw new Problem('not-acceptable')
  await next()
})
