import type { Command } from './command.ts'
import type { Pod, PodSpec } from './objects.ts'
import type { Prepared } from './prepare-pod.ts'
import type { Exit, Running } from './run-container.ts'
import type { LogLine } from './shadow.ts'

/** What running a Job's Pod needs. */
export interface JobPodDeps {
  readonly prepare: (pod: PodSpec, signal: AbortSignal) => Promise<Prepared>
  readonly start: (command: Command, write: (line: LogLine) => void) => Promise<Running>
  /** Writes the Pod's status. */
  readonly report: (pod: Pod, status: PodStatus) => Promise<void>
  readonly write: (line: LogLine) => void
}

/** The part of a Pod's status that the Job controller reads (v1, PodStatus). */
export interface PodStatus {
  readonly phase: 'Running' | 'Succeeded' | 'Failed'
  readonly startTime: string
  readonly containerStatuses: readonly Readonly<Record<string, unknown>>[]
}

/** Runs a Pod's container once and reports how that went; ended early, the container is killed. */
export async function runJobPod(pod: Pod, deps: JobPodDeps, signal: AbortSignal): Promise<void> {
  await using prepared = await deps.prepare(pod.spec, signal)
  const [container] = pod.spec.containers
  const startTime = new Date().toISOString()
  const status = (phase: PodStatus['phase'], state: Readonly<Record<string, unknown>>): PodStatus => ({
    phase,
    startTime,
    containerStatuses: [
      {
        name: container.name,
        image: container.image,
        imageID: '',
        ready: phase === 'Running',
        started: phase === 'Running',
        restartCount: 0,
        state,
      },
    ],
  })
  const process = await deps.start(prepared.command(), deps.write)
  const kill = () => process.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  if (signal.aborted) kill()
  await deps.report(pod, status('Running', { running: { startedAt: startTime } }))
  const exit = await process.exited
  signal.removeEventListener('abort', kill)
  if (signal.aborted) return
  const terminated = {
    exitCode: exitCode(exit),
    reason: exit.code === 0 ? 'Completed' : 'Error',
    startedAt: startTime,
    finishedAt: new Date().toISOString(),
  }
  await deps.report(pod, status(exit.code === 0 ? 'Succeeded' : 'Failed', { terminated }))
}

// A process that a signal ended has no code: 128 and the signal's number, of which only SIGKILL's matters here.
function exitCode({ code }: Exit): number {
  return code ?? 137
}
