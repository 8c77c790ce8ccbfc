import * as v from 'valibot'
import { CredentialIssued } from './types/credential-issued.ts'
import { CredentialRequested } from './types/credential-requested.ts'
import { LogoutRequested } from './types/logout-requested.ts'
import { Pong } from './types/pong.ts'
import { SessionDenied } from './types/session-denied.ts'
import { SessionEnded } from './types/session-ended.ts'
import { SessionGranted } from './types/session-granted.ts'
import { SessionRequested } from './types/session-requested.ts'
import { SessionRevocationRequested } from './types/session-revocation-requested.ts'

/** Every signed event, told apart by `type`; attributes and data as on the wire. */
export const TkaEvent = v.variant('type', [
  SessionRequested,
  SessionGranted,
  SessionDenied,
  CredentialRequested,
  CredentialIssued,
  LogoutRequested,
  SessionRevocationRequested,
  SessionEnded,
  Pong,
])

export type TkaEvent = v.InferOutput<typeof TkaEvent>

/** CloudEvents `type` of a signed event. */
export type EventType = TkaEvent['type']

/** The event of one type (or of several). */
export type EventOf<T extends EventType> = Extract<TkaEvent, { readonly type: T }>

/** The data of each type of event. */
export type EventData = { readonly [T in EventType]: EventOf<T>['data'] }

/** Narrows an event to its type. */
export function isOfType<T extends EventType>(event: TkaEvent, ...types: readonly T[]): event is EventOf<T> {
  return types.some(type => type === event.type)
}
