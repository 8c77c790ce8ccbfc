import * as v from 'valibot'
import type { FunctionName } from '#events'
import { waitUntil } from '../lab/wait-until.ts'

/** The pods of the functions, as their Knative Services have them. */
export interface PodFunctions {
  /** Lets Serving scale the function to zero when idle, and waits until it has; or keeps one pod, and waits until it is ready. */
  scale(name: FunctionName, replicas: 0 | 1): Promise<void>
  /** Deletes the function's pods without grace: SIGKILL. Serving starts others. */
  kill(name: FunctionName): Promise<void>
  /** Names of the function's pods, those that end not among them. */
  pods(name: FunctionName): Promise<readonly string[]>
  /** What the function's present pods have written, line by line. */
  logs(name: FunctionName): Promise<readonly string[]>
}

const Pods = v.object({
  items: v.array(v.object({ metadata: v.object({ name: v.string(), deletionTimestamp: v.optional(v.string()) }) })),
})

/** How long Serving may take to scale to zero: its window, the grace after it, and the end of a pod. */
const scaleTimeoutMs = 90_000

export function podFunctions(
  kubectl: (...args: readonly string[]) => Promise<string>,
  namespace: string,
): PodFunctions {
  const selector = (name: FunctionName) => ['-n', namespace, '-l', `serving.knative.dev/service=${name}`]
  const list = async (name: FunctionName) =>
    v.parse(Pods, JSON.parse(await kubectl('get', 'pods', ...selector(name), '-o', 'json'))).items
  const pods: PodFunctions['pods'] = async name =>
    (await list(name))
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
  return {
    pods,
    scale: async (name, replicas) => {
      const annotations = { 'autoscaling.knative.dev/min-scale': String(replicas) }
      const patch = { spec: { template: { metadata: { annotations } } } }
      await kubectl('patch', 'ksvc', name, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch))
      await kubectl('wait', `ksvc/${name}`, '-n', namespace, '--for=condition=Ready', '--timeout=90s')
      if (replicas === 1) return
      const isGone = async () => (await list(name)).map(({ metadata }) => metadata.name).join(', ') || true
      await waitUntil(`${name} to have no pod`, isGone, { timeoutMs: scaleTimeoutMs, everyMs: 250 })
    },
    kill: async name => {
      await kubectl('delete', 'pods', ...selector(name), '--grace-period=0', '--force', '--wait=false')
    },
    logs: async name =>
      (await kubectl('logs', ...selector(name), '-c', name, '--tail=-1')).split('\n').filter(line => line !== ''),
  }
}
