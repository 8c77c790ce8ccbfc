import type { EventType } from './event.ts'
import { type FunctionName, functionNames } from './functions.ts'

/** What a type of event may do. */
interface Authority {
  /** Whose key may sign it, each under its own source. */
  readonly signers: readonly FunctionName[]
  /** True for what takes access away: it never goes stale. */
  readonly neverStale: boolean
}

/** The policy of the catalogue: who may say what. A key speaks for one function, and a function only for itself. */
export const authority: Readonly<Record<EventType, Authority>> = {
  'dev.tka.session.requested.v1': { signers: ['login'], neverStale: false },
  'dev.tka.session.granted.v1': { signers: ['provisioner'], neverStale: false },
  'dev.tka.session.denied.v1': { signers: ['provisioner', 'deadletter'], neverStale: false },
  'dev.tka.credential.requested.v1': { signers: ['login'], neverStale: false },
  'dev.tka.credential.issued.v1': { signers: ['provisioner'], neverStale: false },
  'dev.tka.logout.requested.v1': { signers: ['login'], neverStale: true },
  'dev.tka.session.revocation.requested.v1': { signers: ['logout', 'sweeper'], neverStale: true },
  'dev.tka.session.ended.v1': { signers: ['provisioner'], neverStale: true },
  'dev.tka.pong.v1': { signers: functionNames, neverStale: false },
}

/** The types of all signed events. */
export const eventTypes: readonly EventType[] = Object.keys(authority).filter(isEventType)

/** True for the type of a signed event, as read from the wire. */
export function isEventType(text: string): text is EventType {
  return Object.hasOwn(authority, text)
}
