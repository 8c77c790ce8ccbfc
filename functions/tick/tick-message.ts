import { encodeHint, type HttpMessage, sourceOf, toWireTime } from '#events'

/** The hint to sweep, the same one for the whole minute that `now` (epoch milliseconds) lies in. */
export function tickMessage(cluster: string, now: number): HttpMessage {
  const minute = Math.floor(now / 60_000) * 60_000
  const id = `tick-${toWireTime(minute)}`
  return encodeHint({ type: 'dev.tka.sweep.requested.v1', id, source: sourceOf(cluster, 'tick'), now: minute })
}
