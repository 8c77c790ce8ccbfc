import * as v from 'valibot'

const ByName = v.record(v.string(), v.string())

/** How much of a cluster runs: a node with DNS, Knative Eventing on it, and Knative Serving beside that. */
export const Level = v.picklist(['node', 'eventing', 'serving'])
/** How much of a cluster runs. */
export type Level = v.InferOutput<typeof Level>

/** What the supervisor tells about a running cluster; also the content of its lab.json. */
export const ClusterState = v.object({
  dir: v.string(),
  level: Level,
  /** Whether Brokers authenticate senders. */
  oidc: v.boolean(),
  /** Whether it stays until it is ended, or ends with its last holder. */
  stays: v.boolean(),
  kubeconfig: v.string(),
  apiServer: v.object({ url: v.string(), caFile: v.string(), auditLog: v.string() }),
  addresses: v.object({ host: v.string(), node: v.string(), services: v.string(), pods: v.string(), dns: v.string() }),
  containerd: v.string(),
  /** Process that holds the namespaces. */
  namespaces: v.number(),
  programs: ByName,
  pids: v.record(v.string(), v.number()),
  logs: ByName,
})

/** What the supervisor tells about a running cluster. */
export type ClusterState = v.InferOutput<typeof ClusterState>
