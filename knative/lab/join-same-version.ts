import { type JoinOptions, joinSupervisor, type Membership } from './join-supervisor.ts'
import { takeLock } from './lock.ts'

/** Which supervisor to join, and how to tell that what it holds is of another version. */
export interface SameVersionOptions extends JoinOptions {
  /** The lock that its supervisor holds until everything has ended. */
  readonly lock: string
  /** Names what is not of this version; `undefined` when everything is. */
  readonly difference: (state: unknown) => string | undefined
  /** The command that ends it. */
  readonly end: string
  /** How long one of another version may take to end: 15 s by default, more than it lingers. */
  readonly patienceMs?: number
}

/**
 * Joins the running supervisor, or starts one. What is of another version, and held by nobody, ends by itself: it is waited for.
 * Rejects when somebody holds it.
 */
export async function joinSameVersion(options: SameVersionOptions): Promise<Membership> {
  const { lock, difference, end, patienceMs = 15_000, what = 'the lab', progress, signal } = options
  let patience: AbortSignal | undefined
  for (;;) {
    const membership = await joinSupervisor(options)
    const other = difference(membership.state)
    if (other === undefined) return membership
    await membership[Symbol.asyncDispose]()
    const found = `${what} that is running is of another version (its ${other} is another)`
    progress?.(`${found}: waiting for its end`)
    patience ??= AbortSignal.timeout(patienceMs)
    if (!(await isReleased(lock, patience, signal))) throw new Error(`${found} and in use: end it with \`${end}\``)
  }
}

/** Waits until nobody holds the lock; false when somebody still does as `patience` ends. */
async function isReleased(lock: string, patience: AbortSignal, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await using _ = await takeLock(lock, { signal: AbortSignal.any([patience, ...(signal ? [signal] : [])]) })
    return true
  } catch (error) {
    signal?.throwIfAborted()
    if (patience.aborted) return false
    throw error
  }
}

/** The first program that is not the one built from these sources. */
export function otherProgram(
  programs: Readonly<Record<string, string>>,
  running: Readonly<Record<string, string>>,
): string | undefined {
  return Object.keys(programs).find(name => running[name] !== programs[name])
}
