import * as v from 'valibot'
import type { FunctionName } from '#events'
import { waitUntil } from '../lab/wait-until.ts'

/** The pods of the functions, as their Knative Services have them. */
export interface PodFunctions {
  /** Lets Serving scale the function to zero when idle, and waits until it has; or keeps one pod, and waits until it is ready. */
  scale(name: FunctionName, replicas: 0 | 1): Promise<void>
  /** Waits until the function runs in no pod; those that wait in vain for a SinkBinding do not count. */
  atZero(name: FunctionName): Promise<void>
  /** Deletes the function's pods without grace: SIGKILL. Serving starts others. */
  kill(name: FunctionName): Promise<void>
  /** Names of the function's pods, those that end not among them. */
  pods(name: FunctionName): Promise<readonly string[]>
  /** What the function's present pods have written, line by line. */
  logs(name: FunctionName): Promise<readonly string[]>
}

const Pods = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ name: v.string(), deletionTimestamp: v.optional(v.string()) }),
      spec: v.object({
        containers: v.array(v.object({ env: v.optional(v.array(v.object({ name: v.string() })), []) })),
      }),
      status: v.object({
        containerStatuses: v.optional(
          v.array(v.object({ name: v.string(), state: v.object({ terminated: v.optional(v.unknown()) }) })),
          [],
        ),
      }),
    }),
  ),
})

type Pod = v.InferOutput<typeof Pods>['items'][number]

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
  const atZero: PodFunctions['atZero'] = async name => {
    const isGone = async () => {
      const left = (await list(name)).filter(pod => isBound(pod) && !hasEnded(pod, name))
      return left.map(({ metadata }) => metadata.name).join(', ') || true
    }
    await waitUntil(`${name} to run in no pod`, isGone, { timeoutMs: scaleTimeoutMs, everyMs: 250 })
  }
  const kill: PodFunctions['kill'] = async name => {
    await kubectl('delete', 'pods', ...selector(name), '--grace-period=0', '--force', '--wait=false')
  }
  return {
    pods,
    atZero,
    scale: async (name, replicas) => {
      const annotations = { 'autoscaling.knative.dev/min-scale': String(replicas) }
      const patch = { spec: { template: { metadata: { annotations } } } }
      await kubectl('patch', 'ksvc', name, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch))
      await kubectl('wait', `ksvc/${name}`, '-n', namespace, '--for=condition=Ready', '--timeout=90s')
      if (replicas === 0) await atZero(name)
    },
    kill,
    logs: async name =>
      (await kubectl('logs', ...selector(name), '-c', name, '--tail=-1')).split('\n').filter(line => line !== ''),
  }
}

/**
 * Whether a SinkBinding had seen the revision of this pod. Where the Broker took its time, the first revision of a new install is
 * older than that: its pod waits, ready for nothing, until Serving gives it up after ten minutes.
 */
function isBound({ spec }: Pod): boolean {
  return spec.containers.some(({ env }) => env.some(({ name }) => name === 'K_SINK'))
}

/** Whether the function's process in a pod has ended, which queue-proxy outlives by half a minute. */
function hasEnded({ status }: Pod, name: FunctionName): boolean {
  return status.containerStatuses.some(container => container.name === name && container.state.terminated !== undefined)
}
