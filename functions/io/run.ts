import type { Environment } from './environment.ts'
import { openTelemetry } from './telemetry/open-telemetry.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'

/** What a function is started with. */
export interface Running {
  readonly env: Environment
  readonly telemetry: Telemetry
  /** Whatever must be closed goes here, in the order of opening; the server that accepts work last, so that it is closed first. */
  readonly resources: AsyncDisposableStack
  /** Aborts when the process is told to stop: for watches and loops. Work under way is finished and does not end with it. */
  readonly signal: AbortSignal
}

/**
 * How long closing everything may take, in milliseconds: less than a pod's `timeoutSeconds` without the 30 s and more for which
 * queue-proxy's preStop hook holds SIGTERM back.
 */
export const stopMs = 45_000

/**
 * Runs a function until SIGTERM or SIGINT: the one place that handles signals, closes what `start` opened, and exits.
 * Exit code 0 after a clean stop, 1 when the start, the stop or anything unawaited failed. A second signal ends it at once.
 */
export async function run(name: string, start: (running: Running) => Promise<void>): Promise<never> {
  const { env } = process
  const telemetry = createTelemetry({ function: name, env })
  const { log } = telemetry
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<void>()
  let exitCode = 0

  const stop = (): void => {
    stopping.abort(new Error(`${name} is stopping`))
    stopped.resolve()
  }
  const onSignal = (signal: string): void => {
    if (stopping.signal.aborted) process.exit(1)
    log.info('stopping', { signal })
    stop()
  }
  const onBug = (error: unknown): void => {
    log.error('failed where nobody waited', { error })
    exitCode = 1
    stop()
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  process.on('uncaughtException', onBug).on('unhandledRejection', onBug)

  const resources = new AsyncDisposableStack()
  try {
    // Opened first, hence flushed last.
    resources.use(await openTelemetry(name, { env, log }))
    // A start that hangs must not outlive a signal.
    await Promise.race([start({ env, telemetry, resources, signal: stopping.signal }), stopped.promise])
    await stopped.promise
  } catch (error) {
    log.error('cannot start', { error })
    exitCode = 1
    stop()
  }
  const deadline = setTimeout(() => {
    log.error('could not close everything in time')
    process.exit(1)
  }, stopMs)
  try {
    await resources.disposeAsync()
  } catch (error) {
    log.error('failed to close', { error })
    exitCode = 1
  }
  clearTimeout(deadline)
  log.info('stopped')
  return process.exit(exitCode)
}
