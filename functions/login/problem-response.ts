import type { Context } from 'hono'
import { negotiate } from '#core/negotiate'
import { type Problem, problemBody } from '#core/problem'

const forms = ['application/json', 'application/problem+json'] as const

/** Answers with a problem, in the form that the client accepts. */
export function problemResponse(c: Context, problem: Problem, retryAfterSeconds: number): Response {
  const { status, retriable } = problem.kind
  const form = negotiate(c.req.header('accept'), forms) ?? 'application/json'
  if (retriable) c.header('Retry-After', String(problem.retryAfterSeconds ?? retryAfterSeconds))
  return c.body(JSON.stringify(problemBody(problem)), status, { 'Content-Type': form })
}
