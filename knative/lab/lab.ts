import type { Testnet } from 'tsnet-node/testing'

/** Where the lab's API server listens. */
export interface ApiServer {
  /** `https://127.0.0.1:<port>` */
  readonly url: string
  /** PEM file with the CA that signed its serving certificate. */
  readonly caFile: string
  /** Audit log at Metadata level, one JSON object a line (audit.k8s.io/v1). */
  readonly auditLog: string
}

/** Real Kubernetes, Knative Eventing and a tailnet on loopback, shared by everybody on this machine who holds it. */
export interface Lab extends AsyncDisposable {
  /** The run's directory (0700): kubeconfig, logs. It stays until the next lab starts. */
  readonly dir: string
  /** Path of a kubeconfig with full rights (`system:masters`), for tests and installers, never for a function. */
  readonly kubeconfig: string
  readonly apiServer: ApiServer
  /** Path of the kubectl built for the lab. */
  readonly kubectl: string
  /** URL of the forward proxy that stands for cluster DNS: the `HTTP_PROXY` of whatever dials `*.svc.cluster.local`. */
  readonly clusterDns: string
  /**
   * Names a loopback port in cluster DNS (`login.tka-system.svc.cluster.local` → 127.0.0.1:port), for every port of that
   * name; `undefined` takes the name out. A client's names go with the client.
   */
  readonly route: (host: string, port: number | undefined) => Promise<void>
  /** Address of a broker's ingress, as in its `status.address.url`; to be dialled through {@link Lab.clusterDns}. */
  readonly brokerUrl: (namespace: string, broker: string) => string
  /** The offline tailnet. Disposing of it does nothing: it ends with the lab. */
  readonly tailnet: Testnet
  /** Paths of the built programs, by name: `kubectl`, `event_display`, `laptop`, `with-parent` and the lab's own. */
  readonly programs: Readonly<Record<string, string>>
  /** Process ids of the lab's programs and of its `supervisor`, by name. */
  readonly pids: Readonly<Record<string, number>>
  /** Log files by name, as in {@link Lab.pids}. */
  readonly logs: Readonly<Record<string, string>>
}

/** How to start or join the lab. */
export interface StartLabOptions {
  /** Gives up waiting; the lab itself ends when nobody holds it. */
  readonly signal?: AbortSignal
  /** Receives lines such as `building kube-apiserver (the first time 3 min on two cores)`; nothing is printed otherwise. */
  readonly progress?: (line: string) => void
}
