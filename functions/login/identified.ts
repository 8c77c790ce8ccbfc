import type { MiddlewareHandler } from 'hono'
import { requirePerson, type TailnetPerson } from '#core/tailnet-identity'
import type { Metrics } from '#io/telemetry/metrics'
import type { Identify } from './log-in.ts'
import type { TailnetEnv } from './tailnet-env.ts'

/** Looks whether a person's device still gives their session. */
export type CheckGrant = (person: TailnetPerson) => void

/** Finds out who asks, anew for each request, and whether they still have what they have. */
export function identified({
  checkGrant,
  metrics,
}: {
  readonly checkGrant: CheckGrant
  readonly metrics: Metrics
}): MiddlewareHandler<TailnetEnv> {
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

/** A loss that shows only when the held request is checked again ends the session as well. */
export function watchful(identify: Identify, checkGrant: CheckGrant): Identify {
  return async () => {
    const identity = await identify()
    if (identity.kind === 'person') checkGrant(identity)
    return identity
  }
}
