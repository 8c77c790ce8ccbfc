import { setTimeout as sleep } from 'node:timers/promises'

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
  /** How often the holder gives a sign of life. */
  readonly renewEveryMs: number
  /** Whoever gave none for so long is taken for dead. */
  readonly deadAfterMs: number
}

/** A hand-over takes half a second beside the draining; a pod that is gone is replaced after six. */
export const defaultTiming: NodeLeaseTiming = { lookEveryMs: 500, renewEveryMs: 2_000, deadAfterMs: 6_000 }

/** What holding the node needs. */
export interface NodeLeaseDeps<L extends NodeHolder = NodeHolder> {
  /** This pod, unlike any other. */
  readonly me: string
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly read: (signal: AbortSignal) => Promise<L>
  /** Replaces what was read; resolves to `undefined` when it has changed since. */
  readonly write: (read: L, change: NodeLeaseChange, signal: AbortSignal) => Promise<L | undefined>
  /** Told of calls that failed; they are made again. */
  readonly failed: (error: unknown) => void
  readonly timing: NodeLeaseTiming
}

/** The right to be the tailnet node. Disposing of it lets the next pod have it. */
export interface NodeHolding extends AsyncDisposable {
  /** Aborts when another pod wants the node or has taken it. */
  readonly wanted: AbortSignal
}

/**
 * Waits for the right to be the tailnet node and holds it. `insist` asks the holder to hand over, as a starting pod does; a pod that
 * has handed over waits without it, and comes back only if the other one is gone.
 */
export async function holdNode<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  { insist, signal }: { readonly insist: boolean; readonly signal: AbortSignal },
): Promise<NodeHolding> {
  await acquire(deps, insist, signal)
  const wanted = new AbortController()
  const released = new AbortController()
  const renewing = renew(deps, wanted, released.signal)
  return {
    wanted: wanted.signal,
    async [Symbol.asyncDispose]() {
      released.abort()
      await renewing
      await release(deps)
    },
  }
}

async function acquire<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  insist: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { me, now, timing } = deps
  // Ages are measured on one clock: for how long has *this* pod seen the same sign? What others write on the Lease is none.
  let seen: string | undefined
  let seenAt = performance.now()
  for (;;) {
    signal.throwIfAborted()
    try {
      const lease = await deps.read(signal)
      const sign = `${lease.renewedAt} ${lease.holder}`
      if (sign !== seen) {
        seen = sign
        seenAt = performance.now()
      }
      const dead = performance.now() - seenAt > timing.deadAfterMs
      if (dead || isFree(lease, me, insist)) {
        const wantedBy = lease.wantedBy === me || dead ? undefined : lease.wantedBy
        if (await deps.write(lease, { holder: me, wantedBy, renewedAt: now() }, signal)) return
      } else if (insist && lease.wantedBy !== me) {
        await deps.write(lease, { holder: lease.holder, wantedBy: me, renewedAt: lease.renewedAt }, signal)
      }
    } catch (error) {
      if (signal.aborted) throw error
      deps.failed(error)
    }
    await sleep(timing.lookEveryMs, undefined, { signal })
  }
}

/** What was given up is for the one who asked for it. */
function isFree({ holder, wantedBy }: NodeHolder, me: string, insist: boolean): boolean {
  if (holder === me) return true
  return holder === undefined && (insist || wantedBy === undefined || wantedBy === me)
}

async function renew<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  wanted: AbortController,
  released: AbortSignal,
): Promise<void> {
  const { me, now, timing } = deps
  let renewedAt = performance.now()
  while (!released.aborted) {
    await sleep(timing.lookEveryMs, undefined, { signal: released }).catch(() => undefined)
    if (released.aborted) return
    try {
      const lease = await deps.read(released)
      if (lease.holder !== me || (lease.wantedBy !== undefined && lease.wantedBy !== me)) wanted.abort()
      if (lease.holder !== me) return
      if (performance.now() - renewedAt < timing.renewEveryMs) continue
      if (await deps.write(lease, { holder: me, wantedBy: lease.wantedBy, renewedAt: now() }, released)) {
        renewedAt = performance.now()
      }
    } catch (error) {
      if (!released.aborted) deps.failed(error)
    }
  }
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
