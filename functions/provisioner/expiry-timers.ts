import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api'
import { judgeSession } from '#core/session/judge-session'
import { createSlots } from '#io/create-slots'
import { inSpan } from '#io/telemetry/in-span'
import { cleanUp } from './clean-up.ts'
import type { PersonQueue } from './person-queue.ts'
import type { CleanupDeps } from './provisioner-deps.ts'

/** The longest delay that one timer takes: above it, setTimeout fires at once. */
const longestDelayMs = 24 * 24 * 3600_000

const firstPauseMs = 1_000
const longestPauseMs = 30_000

/** How many are looked at at once: after a start there may be thousands, and people log in meanwhile. */
const looksAtOnce = 8

/** How long one look at one person may take. */
const lookTimeoutMs = 20_000

/**
 * Ends each session at its second: the first layer of expiry. The timers follow what the view shows (Leases first of all) and look
 * again when they fire, so a session that was extended meanwhile stays. What fails is tried again after a pause, for ever.
 */
export function startExpiryTimers(deps: CleanupDeps, queue: PersonQueue): Disposable {
  const timers = new Map<string, NodeJS.Timeout>()
  const failures = new Map<string, number>()
  const inSlot = createSlots(looksAtOnce)
  const stopListening = deps.view.onChange(arm)
  for (const name of deps.view.names()) arm(name)

  function arm(name: string): void {
    const dueAt = nextLook(deps, name)
    if (dueAt === undefined) disarm(name)
    else armIn(name, Math.max(dueAt - deps.now(), pauseAfter(failures.get(name) ?? 0)))
  }

  function armIn(name: string, delayMs: number): void {
    clearTimeout(timers.get(name))
    const part = Math.min(delayMs, longestDelayMs)
    timers.set(
      name,
      setTimeout(() => (part < delayMs ? arm(name) : void look(name)), part),
    )
  }

  function disarm(name: string): void {
    clearTimeout(timers.get(name))
    timers.delete(name)
    failures.delete(name)
    deps.heldTold.delete(name)
  }

  function countFailure(name: string): void {
    failures.set(name, (failures.get(name) ?? 0) + 1)
  }

  async function look(name: string): Promise<void> {
    timers.delete(name)
    try {
      // A timer remembers the request that set it, hours ago: this is a trace of its own.
      const held = await inSpan('look after a session', { kind: SpanKind.INTERNAL, parent: ROOT_CONTEXT }, () =>
        queue.run(name, () => inSlot(() => cleanUp(deps, name, AbortSignal.timeout(lookTimeoutMs)))),
      )
      // Access is gone, but what is held is still past due: it is looked at again as after a failure.
      if (held === undefined) failures.delete(name)
      else countFailure(name)
    } catch (error) {
      countFailure(name)
      deps.warn('a session that is past due could not be ended yet', { subject: name, error })
    }
    if (!stopped) arm(name)
  }

  let stopped = false
  return {
    [Symbol.dispose]() {
      stopped = true
      stopListening()
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}

function pauseAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
}

/** When somebody has to be looked at next, in epoch milliseconds; `undefined` when never. */
function nextLook(deps: CleanupDeps, name: string): number | undefined {
  const observed = deps.view.know(name)
  const verdict = judgeSession(observed, deps.now(), deps.config)
  switch (verdict.state) {
    case 'live': {
      const extension = observed.lease?.phase === 'live' ? observed.lease.extension : undefined
      return extension ? Math.min(verdict.endsAt, extension.requestExpiresAt) : verdict.endsAt
    }
    case 'provisioning':
      return verdict.endsAt
    case 'past-due':
    case 'extension-overdue':
      return deps.now()
    case 'nothing':
    case 'at-rest':
      return undefined
  }
}
