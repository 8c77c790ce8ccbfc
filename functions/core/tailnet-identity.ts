import type { Person } from './names.ts'
import { Problem } from './problem.ts'

/** The device that a request came from. */
interface TailnetNode {
  /** Stable node id. */
  readonly id: string
  /** MagicDNS name. */
  readonly name: string
}

/** A person on a device of theirs, as the tailnet says. */
export interface TailnetPerson extends Person {
  readonly kind: 'person'
  /** As the person's identity provider has it: for people to read, never to decide by. */
  readonly displayName: string
  readonly node: TailnetNode
  /** The values that the policy gives under our capability's name; their order carries no meaning. */
  readonly capabilities: readonly unknown[]
}

/** Who is at the other end of a tailnet connection. */
export type TailnetIdentity =
  | { readonly kind: 'funnel' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'whois-failed' }
  | { readonly kind: 'tagged'; readonly node?: TailnetNode }
  | TailnetPerson

/** The person behind a connection; throws the Problem of whatever is there instead. */
export function requirePerson(identity: TailnetIdentity): TailnetPerson {
  switch (identity.kind) {
    case 'funnel':
      throw new Problem('funnel')
    case 'unknown':
      throw new Problem('peer-unknown')
    case 'whois-failed':
      throw new Problem('whois-failed')
    case 'tagged':
      throw new Problem('tagged-node')
    case 'person':
      return identity
  }
}
