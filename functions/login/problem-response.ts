import type { Context } from 'hono'
import { negotiate } from '#core/negotiate'
import { type Problem, problemBody } from '#core/problem'

const forms = ['application/json', 'application/problem+json'] as const

/** Answers with a problem, in the form that the client accepts. */
export function problemResponse(c: Context, problem: Problem, retryAfterSeconds: number): Response {
  const { status } = problem.kind
  const form = negotiate(c.req.header('accept'), forms) ?? 'application/json'
  sayMore(c, problem, retryAfterSeconds)
  c.header('Vary', 'Accept')
  return c.body(JSON.stringify(problemBody(problem)), status, { 'Content-Type': form })
}

/** Says in headers what a client may act on: when to come back, and how to be let in (RFC 9110, 10.2.3 and 11.6.1). */
export function sayMore(c: Context, problem: Problem, retryAfterSeconds: number): void {
  const { status, retriable } = problem.kind
  if (retriable) c.header('Retry-After', String(problem.retryAfterSeconds ?? retryAfterSeconds))
  if (status === 401) c.header('WWW-Authenticate', 'TKA')
}
