import * as v from 'valibot'

const ByName = v.record(v.string(), v.string())

/** What the supervisor tells about a running lab; also the content of its lab.json. */
export const LabState = v.object({
  dir: v.string(),
  kubeconfig: v.string(),
  apiServer: v.object({ url: v.string(), caFile: v.string(), auditLog: v.string() }),
  clusterDns: v.string(),
  tailnet: v.object({ controlUrl: v.string(), adminUrl: v.string(), pid: v.number() }),
  programs: ByName,
  pids: v.record(v.string(), v.number()),
  logs: ByName,
})

/** What the supervisor tells about a running lab. */
export type LabState = v.InferOutput<typeof LabState>
