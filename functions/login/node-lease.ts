import timers from 'node:timers/promises'
import { isEarlierRevision } from './pod-revision.ts'

/** The Lease that says which pod is the tailnet node, as far as deciding needs it. */
export interface NodeHolder {
  readonly resourceVersion: string
  readonly holder?: string
  readonly wantedBy?: string
  /** Epoch milliseconds of the holder's last sign of life. */
  readonly renewedAt?: number
}

/** What a write sets; `undefined` removes it. */
interface NodeLeaseChange {
  readonly holder: string | undefined
  readonly wantedBy: string | undefined
  readonly renewedAt: number | undefined
}

/** In milliseconds. */
export interface NodeLeaseTiming {
  /** How often everybody looks at the Lease. */
  readonly lookEveryMs: number
  /** How often the holder gives a sign of life, and how long it waits for one call. */
  readonly renewEveryMs: number
  /** A holder that could give none for so long leaves the node. */
  readonly lostAfterMs: number
  /** Whoever gave none for so long is taken for dead: longer than `lostAfterMs` and the time that leaving takes. */
  readonly deadAfterMs: number
}

/**
 * A hand-over takes half a second beside the draining; a pod that is gone is replaced after ten. A node that is closed at once is gone
 * within three seconds, so one that is lost after six is gone before it can be taken for dead.
 */
export const defaultTiming: NodeLeaseTiming = {
  lookEveryMs: 500,
  renewEveryMs: 2_000,
  lostAfterMs: 6_000,
  deadAfterMs: 10_000,
}

/** What holding the node needs. */
export interface NodeLeaseDeps<L extends NodeHolder = NodeHolder> {
  /** This pod, unlike any other. */
  readonly me: string
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that never goes back. */
  readonly monotonic: () => number
  readonly read: (signal: AbortSignal) => Promise<L>
  /** Replaces what was read; resolves to `undefined` when it has changed since. */
  readonly write: (read: L, change: NodeLeaseChange, signal: AbortSignal) => Promise<L | undefined>
  /** Told of calls that failed; they are made again. */
  readonly failed: (error: unknown) => void
  readonly timing: NodeLeaseTiming
}

/**
 * The right to be the tailnet node. Disposing of it lets the next pod have it. Whoever closes the node as soon as `lost` aborts, and
 * disposes after it is closed, is never one of two nodes: the right is kept while what is under way is finished, and nobody else gets
 * it sooner than `deadAfterMs` after its last renewal, which is `deadAfterMs - lostAfterMs` after `lost`. It is the event loop that
 * keeps this time, so a process that stands still for longer has a second node beside it until it goes on.
 */
export interface NodeHolding extends AsyncDisposable {
  /** Aborts when the node is to be left: another pod wants it, or it is lost. */
  readonly wanted: AbortSignal
  /** Aborts when the node has to be closed at once: another pod has it, or may take it soon since no renewal got through. */
  readonly lost: AbortSignal
}

/**
 * Waits for the right to be the tailnet node and holds it. `insist` asks the holder to hand over, as a starting pod does, unless that
 * is of a later revision; a pod that has handed over waits without it, and comes back only if the other one is gone.
 */
export async function holdNode<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  { insist, signal }: { readonly insist: boolean; readonly signal: AbortSignal },
): Promise<NodeHolding> {
  const renewedAt = await acquire(deps, insist, signal)
  const wanted = new AbortController()
  const lost = new AbortController()
  const released = new AbortController()
  const renewing = renew(deps, renewedAt, { wanted, lost, released: released.signal })
  return {
    wanted: wanted.signal,
    lost: lost.signal,
    async [Symbol.asyncDispose]() {
      released.abort()
      await renewing
      await release(deps)
    },
  }
}

/** Resolves to when its write began, on the monotonic clock. */
async function acquire<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  insist: boolean,
  signal: AbortSignal,
): Promise<number> {
  const { me, now, monotonic, timing } = deps
  // Ages are measured on one clock: for how long has *this* pod seen the same sign? What others write on the Lease is none.
  let seen: string | undefined
  let seenAt = monotonic()
  for (;;) {
    signal.throwIfAborted()
    try {
      const lease = await deps.read(signal)
      const sign = `${lease.renewedAt} ${lease.holder}`
      if (sign !== seen) {
        seen = sign
        seenAt = monotonic()
      }
      const beganAt = monotonic()
      const dead = beganAt - seenAt > timing.deadAfterMs
      if (dead || isFree(lease, me, insist)) {
        // Whoever wished for it may be gone; one that is there asks again at its next look.
        if (await deps.write(lease, { holder: me, wantedBy: undefined, renewedAt: now() }, signal)) return beganAt
      } else if (insist && lease.wantedBy !== me && mayAsk(lease, me)) {
        await deps.write(lease, { holder: lease.holder, wantedBy: me, renewedAt: lease.renewedAt }, signal)
      }
    } catch (error) {
      if (signal.aborted) throw error
      deps.failed(error)
    }
    await timers.setTimeout(timing.lookEveryMs, undefined, { signal })
  }
}

/** What was given up is for the one who asked for it, or for a starting pod that may ask as well. */
function isFree({ holder, wantedBy }: NodeHolder, me: string, insist: boolean): boolean {
  if (holder === me) return true
  if (holder !== undefined) return false
  return wantedBy === undefined || wantedBy === me || (insist && !isEarlierRevision(me, wantedBy))
}

/** Events go to the latest revision: a pod of an earlier one, however late it starts, asks for nothing that is its. */
function mayAsk({ holder, wantedBy }: NodeHolder, me: string): boolean {
  return [holder, wantedBy].every(other => other === undefined || !isEarlierRevision(me, other))
}

interface Renewing {
  readonly wanted: AbortController
  readonly lost: AbortController
  readonly released: AbortSignal
}

async function renew<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  acquiredAt: number,
  { wanted, lost, released }: Renewing,
): Promise<void> {
  const { me, now, monotonic, timing } = deps
  const over = AbortSignal.any([released, lost.signal])
  const limit = () => AbortSignal.any([over, AbortSignal.timeout(timing.renewEveryMs)])
  const lose = () => {
    wanted.abort()
    lost.abort()
  }
  let renewedAt = acquiredAt
  // A timer of its own, which no call holds up. A renewal counts from when it was sent: it may have been written at once.
  const loseInTime = () => setTimeout(lose, renewedAt + timing.lostAfterMs - monotonic())
  let losing = loseInTime()
  while (!over.aborted) {
    await timers.setTimeout(timing.lookEveryMs, undefined, { signal: over }).catch(() => undefined)
    if (over.aborted) break
    try {
      const lease = await deps.read(limit())
      if (lease.holder !== me) lose()
      else if (lease.wantedBy !== undefined && lease.wantedBy !== me) wanted.abort()
      const beganAt = monotonic()
      if (lost.signal.aborted || beganAt - renewedAt < timing.renewEveryMs) continue
      if (await deps.write(lease, { holder: me, wantedBy: lease.wantedBy, renewedAt: now() }, limit())) {
        renewedAt = beganAt
        clearTimeout(losing)
        losing = loseInTime()
      }
    } catch (error) {
      if (!over.aborted) deps.failed(error)
    }
  }
  clearTimeout(losing)
}

const releaseTimeoutMs = 5_000

async function release<L extends NodeHolder>(deps: NodeLeaseDeps<L>): Promise<void> {
  const signal = AbortSignal.timeout(releaseTimeoutMs)
  try {
    // A second look when the other pod has just marked its wish.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const lease = await deps.read(signal)
      if (lease.holder !== deps.me) return
      if (await deps.write(lease, { holder: undefined, wantedBy: lease.wantedBy, renewedAt: deps.now() }, signal))
        return
    }
  } catch (error) {
    deps.failed(error)
  }
}
