import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Held, openHolders } from './holders.ts'
import { takeLock } from './lock.ts'

/** Programs that run until disposed of. */
export interface Stack extends AsyncDisposable, Held {
  /** What holders are told; JSON. */
  readonly state: unknown
  /** Aborts when one of the programs ends unasked. */
  readonly failed: AbortSignal
}

/** How a stack is started. */
export interface StackOptions {
  /** Fresh private directory. */
  readonly dir: string
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/** What to supervise and where. */
export interface SuperviseOptions {
  /** Private directory of the supervisor: socket, state, and the stack's own directory `run`. */
  readonly dir: string
  /** At most one supervisor of this name has a stack; the next waits until it is gone. */
  readonly lock: string
  /** How long the stack outlives its last holder, so that the next test file finds it up. */
  readonly lingerMs: number
  readonly start: (options: StackOptions) => Promise<Stack>
  /** Ends the stack whoever holds it. */
  readonly signal: AbortSignal
}

/** Name of the unix socket that holders connect to. */
export const socketName = 'supervisor.sock'
/** Name of the file with the running stack's state. */
export const stateName = 'lab.json'

/**
 * Starts a stack, holds it as long as somebody is connected (and a little longer), then ends it. Resolves when all is
 * gone; rejects, after telling the holders, when the stack could not start or failed.
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const unheld = new AbortController()
  const signal = AbortSignal.any([options.signal, unheld.signal])
  using holders = await openHolders({
    socket: join(options.dir, socketName),
    lingerMs: options.lingerMs,
    onUnheld: () => unheld.abort(),
  })
  // Nobody may join any more: whoever comes now finds no socket and starts the next supervisor.
  signal.addEventListener('abort', () => holders[Symbol.dispose](), { once: true })
  try {
    await using ending = new AsyncDisposableStack()
    ending.use(await takeLock(options.lock, { signal }))
    const progress = (line: string) => holders.tell({ told: 'progress', line })
    const stack = ending.use(await options.start({ dir: await freshDir(options.dir), progress, signal }))
    holders.serve(stack)
    const file = join(options.dir, stateName)
    await writeFile(file, `${JSON.stringify(stack.state, undefined, 2)}\n`, { mode: 0o600 })
    ending.defer(() => rm(file, { force: true }))
    holders.tell({ told: 'ready', state: stack.state })
    await aborted(AbortSignal.any([signal, stack.failed]))
    stack.failed.throwIfAborted()
  } catch (error) {
    if (signal.aborted) return
    holders.tell({ told: 'failed', why: error instanceof Error ? error.message : String(error) })
    throw error
  }
}

async function freshDir(dir: string): Promise<string> {
  const run = join(dir, 'run')
  await rm(run, { recursive: true, force: true })
  await mkdir(run, { mode: 0o700 })
  return run
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
