import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from './command.ts'
import type { KnativeService, PodSpec } from './objects.ts'
import type { Prepared } from './prepare-pod.ts'
import { probe } from './probe.ts'
import type { Exit, Running } from './run-container.ts'
import type { LogLine } from './shadow.ts'

/** What running a function needs. */
export interface FunctionDeps {
  /** Puts the Pod's mounts and environment together; disposing of it takes the mounts away. */
  readonly prepare: (pod: PodSpec, signal: AbortSignal) => Promise<Prepared>
  readonly start: (command: Command, write: (line: LogLine) => void) => Promise<Running>
  readonly freePort: () => Promise<number>
  /** Names the port in cluster DNS; `undefined` takes the name out. */
  readonly route: (port: number | undefined) => Promise<void>
  /** Tells the API server where the ksvc is and whether it works. */
  readonly report: (service: KnativeService, ready: boolean) => Promise<void>
  readonly log: (line: string) => void
}

/** One ksvc as a process that is kept running. */
export interface RunningFunction extends AsyncDisposable {
  /** The ksvc as the API server has it now; another template restarts the process. */
  update(service: KnativeService): void
  kill(signal: NodeJS.Signals): Promise<void>
  scale(replicas: 0 | 1): Promise<void>
  ready(signal?: AbortSignal): Promise<void>
  readonly logs: readonly LogLine[]
  readonly pid: number | undefined
  readonly port: number | undefined
  readonly tmpdir: string | undefined
  readonly starts: number
}

const graceMs = 60_000
const endingSignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGKILL', 'SIGTERM'])
const probeEveryMs = 25
const startedAfterMs = 10_000
const backOff = { firstMs: 100, mostMs: 5_000 }

/** Keeps a ksvc's process running: started once its sink is known, restarted when it ends or its template changes. */
export function runFunction(name: string, deps: FunctionDeps): RunningFunction {
  const logs: LogLine[] = []
  let wanted: KnativeService | undefined
  let announced: Promise<void> | undefined
  let replicas: 0 | 1 = 1
  let running:
    | {
        readonly process: Running
        readonly service: KnativeService
        readonly tmpdir: string | undefined
        readonly gone: Promise<void>
      }
    | undefined
  let port: number | undefined
  let starts = 0
  let isReady = false
  let changed = Promise.withResolvers<void>()
  let readiness = Promise.withResolvers<void>()
  const closing = new AbortController()

  const setReady = (value: boolean): void => {
    if (value === isReady) return
    isReady = value
    if (value) readiness.resolve()
    else readiness = Promise.withResolvers()
  }

  const change = (): void => {
    if (running !== undefined && !isCurrent(running.service)) setReady(false)
    changed.resolve()
    changed = Promise.withResolvers()
  }

  const present = (): KnativeService | undefined =>
    replicas === 1 && !closing.signal.aborted && wanted !== undefined && hasSink(wanted) ? wanted : undefined
  const isCurrent = (service: KnativeService): boolean => templateOf(present()) === templateOf(service)

  // Until the process has ended or is no longer the one that is wanted.
  const runOnce = async (service: KnativeService, prepared: Prepared): Promise<Exit | undefined> => {
    const ended = new AbortController()
    const at = await deps.freePort()
    const command = prepared.command(at)
    const process = await deps.start(command, line => logs.push(line))
    const gone = Promise.withResolvers<void>()
    running = { process, service, tmpdir: command.env.TMPDIR, gone: gone.promise }
    port = at
    starts += 1
    const exited = process.exited.finally(() => ended.abort())
    const path = service.spec.template.spec.containers[0].readinessProbe?.httpGet?.path ?? '/'
    const becomeReady = async (): Promise<void> => {
      while (!(await probe(at, path, ended.signal))) {
        if (ended.signal.aborted) return
        await delay(probeEveryMs, undefined, { signal: ended.signal }).catch(() => undefined)
      }
      await deps.route(at)
      await announced
      await deps.report(service, true)
      if (!ended.signal.aborted && isCurrent(service)) setReady(true)
    }
    const reported = becomeReady().catch(error => deps.log(`${name}: ${error}`))
    try {
      for (;;) {
        if (!isCurrent(service)) {
          // Out of cluster DNS first, as an endpoint is taken out before its Pod is stopped.
          await deps.route(undefined)
          await process.stop(graceMs)
          return undefined
        }
        const exit = await Promise.race([exited, changed.promise])
        if (exit !== undefined) return exit
      }
    } finally {
      setReady(false)
      await exited
      await reported
      running = undefined
      port = undefined
      gone.resolve()
    }
  }

  const loop = async (): Promise<void> => {
    let failures = 0
    while (!closing.signal.aborted) {
      const service = present()
      if (service === undefined) {
        if (wanted !== undefined && !hasSink(wanted)) deps.log(`${name}: waiting for K_SINK`)
        await changed.promise
        continue
      }
      const outdated = new AbortController()
      const watchTemplate = async (): Promise<void> => {
        while (isCurrent(service)) await changed.promise
        outdated.abort()
      }
      void watchTemplate()
      try {
        await using prepared = await deps.prepare(service.spec.template.spec, outdated.signal)
        while (isCurrent(service)) {
          const startedAt = Date.now()
          const exit = await runOnce(service, prepared)
          if (exit === undefined) break
          deps.log(`${name}: ended with ${exit.signal ?? exit.code}`)
          failures = Date.now() - startedAt > startedAfterMs ? 0 : failures + 1
          await pause(failures)
        }
      } catch (error) {
        if (outdated.signal.aborted) continue
        deps.log(`${name}: ${error}`)
        failures += 1
        await pause(failures)
      }
    }
  }
  const pause = (failures: number): Promise<void> => {
    const ms = failures === 0 ? 0 : Math.min(backOff.firstMs * 2 ** (failures - 1), backOff.mostMs)
    return delay(ms, undefined, { signal: closing.signal }).catch(() => undefined)
  }
  const ended = loop()

  const ready = async (signal: AbortSignal = AbortSignal.timeout(30_000)): Promise<void> => {
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(new Error(`${name} is not ready; its last lines:\n${lastLines(logs)}`))
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    try {
      while (!isReady) await Promise.race([readiness.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  return {
    update: service => {
      announced ??= deps.report(service, false).catch(error => deps.log(`${name}: ${error}`))
      // A binding whose Broker is gone takes the sink out of the template. On Serving the new revision would never come
      // up, and the one before it would go on.
      if (wanted !== undefined && hasSink(wanted) && !hasSink(service)) return
      wanted = service
      change()
    },
    kill: async signal => {
      if (running === undefined) throw new Error(`${name} is not running`)
      const { process } = running
      // Whoever asks from here on waits for the next process.
      if (endingSignals.has(signal)) setReady(false)
      process.kill(signal)
      if (signal === 'SIGKILL') await process.exited
    },
    scale: async count => {
      replicas = count
      const stopping = running
      change()
      if (count === 1) await ready()
      else await stopping?.gone
    },
    ready,
    logs,
    get pid() {
      return running?.process.pid
    },
    get port() {
      return port
    },
    get tmpdir() {
      return running?.tmpdir
    },
    get starts() {
      return starts
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      change()
      await ended
    },
  }
}

function hasSink(service: KnativeService): boolean {
  return service.spec.template.spec.containers[0].env.some(({ name }) => name === 'K_SINK')
}

function templateOf(service: KnativeService | undefined): string | undefined {
  return service === undefined ? undefined : JSON.stringify(service.spec.template)
}

function lastLines(logs: readonly LogLine[]): string {
  return logs
    .slice(-20)
    .map(({ text }) => `  ${text}`)
    .join('\n')
}
