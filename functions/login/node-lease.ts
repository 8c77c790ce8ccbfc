import { setTimeout as sleep } from 'node:timers/promises'

/** The Lease that says which pod is the tailnet node, as far as deciding needs it. */
export interface NodeHolder {
  readonly resourceVersion: string
  readonly holder?: string
  readonly wantedBy?: string
}

/** What holding the node needs. */
export interface NodeLeaseDeps<L extends NodeHolder = NodeHolder> {
  /** This pod, unlike any other. */
  readonly me: string
  readonly read: (signal: AbortSignal) => Promise<L>
  /** Replaces what was read; resolves to `undefined` when it has changed since. */
  readonly write: (
    read: L,
    change: { readonly holder: string | undefined; readonly wantedBy: string | undefined },
    signal: AbortSignal,
  ) => Promise<L | undefined>
  /** Told of calls that failed; they are made again. */
  readonly failed: (error: unknown) => void
  /** How often the Lease is looked at, and the holder gives a sign of life, in milliseconds. */
  readonly intervalMs: number
  /** A holder that gave no sign of life for so long is taken for dead. */
  readonly deadAfterMs: number
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
  const { me } = deps
  // Ages are measured on one clock: for how long has *this* pod seen the same version?
  let seen: string | undefined
  let seenAt = performance.now()
  for (;;) {
    signal.throwIfAborted()
    try {
      const lease = await deps.read(signal)
      if (lease.resourceVersion !== seen) {
        seen = lease.resourceVersion
        seenAt = performance.now()
      }
      const dead = performance.now() - seenAt > deps.deadAfterMs
      if (lease.holder === undefined || lease.holder === me || dead) {
        const wantedBy = lease.wantedBy === me ? undefined : lease.wantedBy
        if (await deps.write(lease, { holder: me, wantedBy }, signal)) return
      } else if (insist && lease.wantedBy !== me) {
        const marked = await deps.write(lease, { holder: lease.holder, wantedBy: me }, signal)
        if (marked) seen = marked.resourceVersion
      }
    } catch (error) {
      if (signal.aborted) throw error
      deps.failed(error)
    }
    await sleep(deps.intervalMs, undefined, { signal })
  }
}

async function renew<L extends NodeHolder>(
  deps: NodeLeaseDeps<L>,
  wanted: AbortController,
  released: AbortSignal,
): Promise<void> {
  while (!released.aborted) {
    try {
      const lease = await deps.read(released)
      if (lease.holder !== deps.me || (lease.wantedBy !== undefined && lease.wantedBy !== deps.me)) wanted.abort()
      if (lease.holder !== deps.me) return
      await deps.write(lease, { holder: deps.me, wantedBy: lease.wantedBy }, released)
    } catch (error) {
      if (!released.aborted) deps.failed(error)
    }
    await sleep(deps.intervalMs, undefined, { signal: released }).catch(() => undefined)
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
      if (await deps.write(lease, { holder: undefined, wantedBy: lease.wantedBy }, signal)) return
    }
  } catch (error) {
    deps.failed(error)
  }
}
