import type { Config } from '#core/config'
import type { EventType, TkaEvent } from '#events'
import type { SessionCluster } from '#io/kubernetes/session-cluster'
import type { Metrics } from '#io/telemetry/metrics'
import type { ClusterView } from './cluster-view.ts'
import type { EndWitness } from './witness-end.ts'

type Say = (message: string, fields: Readonly<Record<string, unknown>>) => void

/** What taking sessions away needs of the world. */
export interface CleanupDeps {
  readonly cluster: SessionCluster
  readonly view: ClusterView
  readonly config: Config
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that never goes back. */
  readonly monotonic: () => number
  /** Sends what no delivery caused to the Broker, in its own time. */
  readonly announce: (event: TkaEvent) => void
  /** Says that somebody's hand, or a bug, is in what should be ours alone. Goes to people who are on call. */
  readonly alarm: Say
  readonly warn: Say
  /**
   * Whose end was told of although something still holds the ServiceAccount: its UID, by its name. It is looked at again and again,
   * and told of once in a process, unless a binding for it turns up.
   */
  readonly heldTold: Map<string, string>
  /** Told of each session that had ended. */
  readonly ended: EndWitness
}

/** What all flows need. */
export interface ProvisionerDeps extends CleanupDeps {
  /** Why the guard is not known to hold; `undefined` when it was proved. */
  readonly guardDoubt: () => string | undefined
  readonly metrics: Metrics
}

/** The types that the provisioner acts on. */
export const acceptedTypes = [
  'dev.tka.session.requested.v1',
  'dev.tka.credential.requested.v1',
  'dev.tka.session.revocation.requested.v1',
] as const satisfies readonly EventType[]
