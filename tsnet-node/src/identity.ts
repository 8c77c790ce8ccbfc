/** A person of the tailnet. Two people may share the part before the `@`; only id and login together name one. */
export interface TailscaleUser {
  /** Numeric user id of the control server: a safe integer (a connection whose id is not one is refused). */
  readonly id: number
  /** Full login name, such as `alice@example.com`. */
  readonly login: string
  readonly displayName: string
}

/** The device at the other end. */
export interface TailscalePeerNode {
  /** Stable node id: unique, and kept for as long as the device stays in the tailnet. */
  readonly id: string
  /** MagicDNS name without a trailing dot, such as `laptop.tail-scale.ts.net`. */
  readonly name: string
  /** Tags such as `tag:ci`; empty for a person's device. */
  readonly tags: readonly string[]
}

/**
 * Capabilities that the tailnet policy grants this peer towards this node, as parsed JSON values by capability name.
 * Values of several matching grants are concatenated, duplicates kept, and **their order carries no meaning**.
 */
export type CapMap = Readonly<Record<string, readonly unknown[]>>

/** Facts of the TLS handshake that the helper ended. */
export interface TlsFacts {
  readonly serverName: string
  /** Negotiated protocol, such as `http/1.1`; empty when none was. */
  readonly alpn: string
  /** Such as `TLS 1.3`. */
  readonly version: string
}

/** Where a connection from the public Internet came in. */
export interface FunnelFacts {
  /** `host:port` that the Internet client dialled. */
  readonly target: string
}

interface ConnectionFacts {
  /** Address of the peer (of the Internet client for Funnel), IPv4 or IPv6 without brackets. */
  readonly remoteAddress: string
  /** 0 where the question was about an address alone. */
  readonly remotePort: number
  /** When the answer was asked for: milliseconds since the epoch. It is no newer than this. */
  readonly at: number
  /** Present when the helper ended TLS for this connection. */
  readonly tls?: TlsFacts
}

/** A person's device. */
export interface UserIdentity extends ConnectionFacts {
  readonly kind: 'user'
  readonly user: TailscaleUser
  readonly node: TailscalePeerNode
  readonly capMap: CapMap
  readonly funnel?: undefined
  readonly whoIsError?: undefined
}

/** A tagged device: it belongs to the tailnet and to no person, so there is no `user`. */
export interface TaggedIdentity extends ConnectionFacts {
  readonly kind: 'tagged'
  readonly user?: undefined
  readonly node: TailscalePeerNode
  readonly capMap: CapMap
  readonly funnel?: undefined
  readonly whoIsError?: undefined
}

/** Somebody on the public Internet, through Funnel: nobody is known, no capability holds. */
export interface FunnelIdentity extends ConnectionFacts {
  readonly kind: 'funnel'
  readonly user?: undefined
  readonly node?: undefined
  readonly capMap: Readonly<Record<string, never>>
  readonly funnel: FunnelFacts
  readonly whoIsError?: undefined
}

/** An address that the tailnet does not know. Seen only by listeners with `unknownPeers: 'accept'`. */
export interface UnknownIdentity extends ConnectionFacts {
  readonly kind: 'unknown'
  readonly user?: undefined
  readonly node?: undefined
  readonly capMap: Readonly<Record<string, never>>
  readonly funnel?: undefined
  /** Set when WhoIs *failed*; absent when it answered that nobody has this address. */
  readonly whoIsError?: string
}

/** A peer that the tailnet vouches for: what {@link TailscaleNode.whoIs} answers. */
export type PeerIdentity = UserIdentity | TaggedIdentity

/** Who is at the other end of a connection; discriminated by `kind`. */
export type Identity = UserIdentity | TaggedIdentity | FunnelIdentity | UnknownIdentity
