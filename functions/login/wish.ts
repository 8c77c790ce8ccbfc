import type { SealingKey } from '#events'

interface AnyWish {
  /** Id of the event that carries the wish. */
  readonly request: string
  /** The person's ServiceAccount name. */
  readonly person: string
}

/** A person waits for a session. */
export interface LoginWish extends AnyWish {
  readonly kind: 'login'
  readonly userId: string
  readonly sequence: string
  readonly role: string
  readonly namespaces?: readonly string[]
  /** Epoch milliseconds. */
  readonly validUntil: number
  /** Opens the seal of the answer. */
  readonly open: SealingKey['open']
}

/** A person waits for another token of a session. */
export interface CredentialWish extends AnyWish {
  readonly kind: 'credential'
  readonly session: string
  /** Opens the seal of the answer. */
  readonly open: SealingKey['open']
}

/** A person waits for their access to be gone. */
export interface LogoutWish extends AnyWish {
  readonly kind: 'logout'
  readonly sequence: string
}

/** What somebody waits for. */
export type Wish = LoginWish | CredentialWish | LogoutWish
