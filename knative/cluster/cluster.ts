import type { ApiServer } from '../lab/lab.ts'
import type { Level } from './cluster-state.ts'

/** A real single-node Kubernetes, shared by everybody on this machine who holds it. */
export interface Cluster extends AsyncDisposable {
  /** The run's directory (0700): kubeconfig, logs. */
  readonly dir: string
  readonly level: Level
  /** Whether Brokers authenticate senders. */
  readonly oidc: boolean
  /** Path of a kubeconfig with full rights (`system:masters`), for tests and installers; works on this machine. */
  readonly kubeconfig: string
  readonly apiServer: ApiServer
  /** Path of kubectl. */
  readonly kubectl: string
  /** Address at which pods reach servers of this machine. */
  readonly hostAddress: string
  readonly nodeAddress: string
  /** ClusterIP of DNS, which answers this machine too: ClusterIPs and pods are reached from it by their addresses. */
  readonly dnsAddress: string
  /** Imports an OCI archive (`writeImageArchive`) under the names it holds; pods take it with `imagePullPolicy: IfNotPresent`. */
  readonly importImage: (archive: string) => Promise<void>
  /** Runs a program of this machine in the node's network and resolves to what it printed; rejects unless it ended well. */
  readonly inNetwork: (file: string, args: readonly string[]) => Promise<string>
  /** Paths of the built programs, by name. */
  readonly programs: Readonly<Record<string, string>>
  /** Process ids of the cluster's programs and of its `supervisor`, by name. */
  readonly pids: Readonly<Record<string, number>>
  /** Log files by name, as in {@link Cluster.pids}. */
  readonly logs: Readonly<Record<string, string>>
}

/** How to start or join a cluster. */
export interface StartClusterOptions {
  /** The least that must run; all of it by default. */
  readonly level?: Level
  /** Brokers authenticate senders (`authentication-oidc`); not by default. */
  readonly oidc?: boolean
  /** Leaves it running until `make cluster-down` ends it. */
  readonly stay?: boolean
  /** Gives up waiting; the cluster itself ends when nobody holds it. */
  readonly signal?: AbortSignal
  /** Receives lines about what happens; nothing is printed otherwise. */
  readonly progress?: (line: string) => void
}
