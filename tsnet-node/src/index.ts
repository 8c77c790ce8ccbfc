export { cap } from './cap.ts'
export type { Connector, ConnectorCallback, ConnectorOptions } from './connector.ts'
export type { Dial, DialOptions } from './dial.ts'
export { TailscaleError, type TailscaleErrorCode } from './errors.ts'
export type { HelperExit } from './helper-process.ts'
export type { DroppedConnections } from './helper-session.ts'
export type {
  CapMap,
  FunnelFacts,
  FunnelIdentity,
  Identity,
  PeerIdentity,
  TaggedIdentity,
  TailscalePeerNode,
  TailscaleUser,
  TlsFacts,
  UnknownIdentity,
  UserIdentity,
} from './identity.ts'
export { type ListenerEvents, TailscaleListener } from './listener.ts'
export { type NodeEvents, TailscaleNode } from './node.ts'
export type { CallOptions, CertPair, ListenOptions, StateStore, TailscaleNodeOptions, WhoIsOptions } from './options.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts'
export type { NodeState, NodeStatus } from './status.ts'
export type { TailscaleSocket } from './tailscale-socket.ts'
