// What the rest of the lab sees of the kubelet's shadow.

/** One line that a function or a Job's container wrote. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** Not a kubelet: starts the processes that an install's ksvc and Jobs describe, and tells the API server about them. */
export interface Shadow extends AsyncDisposable {
  /** Sends a signal to the function's process; the shadow starts it again, with back-off. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  /** 0 stops the function (SIGTERM, then SIGKILL after 60 s) and takes its name out of cluster DNS; 1 starts it and waits until it is ready. */
  scale(name: string, replicas: 0 | 1): Promise<void>
  /** Waits until the function's present process answers its readiness probe. */
  ready(name: string, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Everything the function's processes have written since the shadow began. */
  logs(name: string): readonly LogLine[]
  /** Process id of the function's present process. */
  pid(name: string): number | undefined
  /** What stands for the container's /tmp: `TMPDIR` of the function's present process. */
  tmpdir(name: string): string | undefined
  /** How often the function's process was started. */
  starts(name: string): number
  /** Port of the function's event and health server on 127.0.0.1. */
  port(name: string): number | undefined
}
