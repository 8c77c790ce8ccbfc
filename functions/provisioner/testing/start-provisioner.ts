import type { TkaEvent } from '#events'
import type { SessionCluster } from '#io/kubernetes/session-cluster'
import { trialTelemetry } from '#io/testing/trial-function'
import type { ClusterView } from '../cluster-view.ts'
import { startExpiryTimers } from '../expiry-timers.ts'
import { type AcceptedEvent, handleEvents } from '../handle.ts'
import { createPersonQueue } from '../person-queue.ts'
import type { ProvisionerDeps } from '../provisioner-deps.ts'
import { recoverSessions } from '../recover-sessions.ts'
import { sampleConfig } from './sample-events.ts'

export interface TestProvisioner extends Disposable {
  readonly handle: (event: AcceptedEvent) => Promise<TkaEvent | undefined>
  /** As at a start; for 20 s at most, unless it is told otherwise. */
  readonly recover: (signal?: AbortSignal) => Promise<void>
  readonly startTimers: () => void
  readonly announced: TkaEvent[]
  readonly alarms: string[]
}

/** A provisioner without its process: what main.ts wires, on any cluster. For tests. */
export function startProvisioner(
  world: { readonly cluster: SessionCluster; readonly view: ClusterView },
  change: Partial<ProvisionerDeps> = {},
): TestProvisioner {
  const announced: TkaEvent[] = []
  const alarms: string[] = []
  const deps: ProvisionerDeps = {
    ...world,
    config: sampleConfig(),
    now: Date.now,
    monotonic: () => performance.now(),
    announce: event => announced.push(event),
    alarm: message => alarms.push(message),
    warn: () => undefined,
    heldTold: new Map(),
    ended: () => undefined,
    metrics: trialTelemetry().metrics,
    guardDoubt: () => undefined,
    ...change,
  }
  const queue = createPersonQueue()
  const handle = handleEvents(deps, queue)
  const stack = new DisposableStack()
  return {
    handle: event => handle(event, { signal: AbortSignal.timeout(20_000) }),
    recover: (signal = AbortSignal.timeout(20_000)) => recoverSessions(deps, queue, signal),
    startTimers: () => stack.use(startExpiryTimers(deps, queue)),
    announced,
    alarms,
    [Symbol.dispose]: () => stack.dispose(),
  }
}
