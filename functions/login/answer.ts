import type { ProblemCode } from '#core/problem'
import type { Credential } from '#events'

/** A session as login knows it, from an event or from the person's Lease. */
export interface KnownSession {
  readonly session: string
  readonly role: string
  /** Sorted and unique; absent means the whole cluster. */
  readonly namespaces?: readonly string[]
  /** Epoch milliseconds. */
  readonly validUntil: number
}

/** What a person's wish came to. */
export type Answer =
  /** The session is usable; the token is missing when the Lease told so and not the event. */
  | { readonly kind: 'granted'; readonly session: KnownSession; readonly credential?: Credential }
  | { readonly kind: 'issued'; readonly session: string; readonly credential: Credential }
  /** Access is gone. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'denied'; readonly code: ProblemCode }
