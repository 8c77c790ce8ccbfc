import * as v from 'valibot'
import { sourceOf } from '#events'
import { authority, isEventType } from '#events/authority'
import type { Manifest } from './manifest.ts'

/** Where the events of a type come from, in a cluster of this name; `undefined` for those that several functions make, or anybody. */
export function eventSource(type: string, cluster: string): string | undefined {
  if (type === 'dev.tka.sweep.requested.v1') return sourceOf(cluster, 'tick')
  if (!isEventType(type)) return undefined
  const [signer, ...others] = authority[type].signers
  return signer === undefined || others.length > 0 ? undefined : sourceOf(cluster, signer)
}

const Spec = v.looseObject({ type: v.string() })

/** Gives an EventType the source that it has in a cluster of this name. */
export function setEventSource(eventType: Manifest, cluster: string): Manifest {
  const spec = v.parse(Spec, eventType.spec)
  const source = eventSource(spec.type, cluster)
  return source === undefined ? eventType : { ...eventType, spec: { ...spec, source } }
}
