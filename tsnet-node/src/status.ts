/** State of the node: Tailscale's own names, plus what the package adds around the helper's life. */
export type NodeState =
  | 'NoState'
  | 'NeedsLogin'
  | 'NeedsMachineAuth'
  | 'Starting'
  | 'Running'
  | 'Stopped'
  | 'InUseOtherUser'
  /** The helper is gone and will be started again. */
  | 'Restarting'
  | 'Closed'

/** What the node knows about itself. */
export interface NodeStatus {
  readonly state: NodeState
  /** Stable id of this node; empty before the first login. */
  readonly id: string
  /** Full MagicDNS name without a trailing dot; empty before the first login. */
  readonly name: string
  /** Tailnet addresses, IPv4 first. */
  readonly ips: readonly string[]
  /** Names that the tailnet issues certificates for. */
  readonly certDomains: readonly string[]
  readonly magicDnsSuffix: string
  /** When this node's key expires, in milliseconds since the epoch; absent where it never does. A person logs in again then. */
  readonly keyExpiresAt?: number
  /** Health warnings, as text. */
  readonly health: readonly string[]
}
