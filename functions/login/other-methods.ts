import type { Hono } from 'hono'
import { Problem } from '#core/problem'
import type { TailnetEnv } from './tailnet-env.ts'

/** Answers OPTIONS, and tells a wrong method on a path that exists from a path that does not; called after all routes are there. */
export function refuseOtherMethods(app: Hono<TailnetEnv>): void {
  const methods = new Map<string, Set<string>>()
  for (const { method, path } of app.routes) {
    if (method !== 'ALL') methods.set(path, (methods.get(path) ?? new Set(['OPTIONS'])).add(method))
  }
  for (const [path, known] of methods) {
    if (known.has('GET')) known.add('HEAD')
    const allow = [...known].sort().join(', ')
    app.options(path, c => c.body(null, 204, { Allow: allow }))
    app.all(path, c => {
      c.header('Allow', allow)
      throw new Problem('method-not-allowed', `${allow} can.`)
    })
  }
}
