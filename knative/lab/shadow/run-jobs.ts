import type { Api } from '../../kube/api.ts'
import { follow } from './follow.ts'
import { Pod } from './objects.ts'
import { type JobPodDeps, runJobPod } from './run-job-pod.ts'
import type { LogLine } from './shadow.ts'

/** The Pods of a namespace's Jobs, run as they appear. */
export interface RunningJobs extends AsyncDisposable {
  /** What a Job's latest Pod has written. */
  logs(job: string): readonly LogLine[] | undefined
}

/** Runs every Pod of the namespace that is Pending, once. */
export async function runJobs(
  api: Api,
  namespace: string,
  deps: Omit<JobPodDeps, 'write'> & { readonly log: (line: string) => void },
  signal: AbortSignal,
): Promise<RunningJobs> {
  const logs = new Map<string, LogLine[]>()
  const pods = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()

  const run = async (pod: Pod, stop: AbortSignal): Promise<void> => {
    const lines: LogLine[] = []
    logs.set(pod.metadata.ownerReferences[0]?.name ?? pod.metadata.name, lines)
    const either = AbortSignal.any([stop, signal])
    try {
      await runJobPod(pod, { ...deps, write: line => void lines.push(line) }, either)
    } catch (error) {
      if (!either.aborted) deps.log(`${pod.metadata.name}: ${error}`)
    }
  }
  await follow(
    api,
    `/api/v1/namespaces/${namespace}/pods`,
    Pod,
    {
      seen: pod => {
        const { uid, deletionTimestamp } = pod.metadata
        if (pods.has(uid) || pod.status.phase !== 'Pending' || deletionTimestamp !== undefined) return
        const stop = new AbortController()
        pods.set(uid, { stop, ended: run(pod, stop.signal) })
      },
      gone: pod => pods.get(pod.metadata.uid)?.stop.abort(),
      failed: error => deps.log(`watch: ${error}`),
    },
    { signal },
  )
  return {
    logs: job => logs.get(job),
    [Symbol.asyncDispose]: async () => {
      for (const { stop } of pods.values()) stop.abort()
      await Promise.all([...pods.values()].map(({ ended }) => ended))
    },
  }
}
