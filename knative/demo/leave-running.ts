import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import * as v from 'valibot'

/** Set for the process that goes on after the one that a person started has given the terminal back. */
const mark = 'TKA_LEFT_RUNNING'

/** What the process that stays says when all is done: how many bytes it has written to standard output and error. */
const Done = v.tuple([v.number(), v.number()])

/** True in the process that stays. */
export const stays = (): boolean => process.env[mark] !== undefined

/**
 * Runs this very command again as a process that may outlive the terminal, and waits until it says that all is done. What it writes
 * goes through here, so that whoever reads our output sees its end though that process stays. Resolves to the exit code: 0 when it
 * stays, its own when it ended. Ctrl-C meanwhile ends it.
 */
export async function leaveRunning(): Promise<number> {
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, [mark]: '1' },
  })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('unreachable: both are pipes')
  const shown = [relay(stdout, process.stdout), relay(stderr, process.stderr)]
  const stop = () => void child.kill('SIGTERM')
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const stayed = async () => {
    const [message] = await once(child, 'message')
    const written = v.parse(Done, message)
    await Promise.all(shown.map((output, at) => output.until(written[at] ?? 0)))
    return 0
  }
  // Closed, not only ended: all that it wrote has come.
  const done = await Promise.race([stayed(), once(child, 'close').then(([code]) => code ?? 1)])
  process.off('SIGINT', stop).off('SIGTERM', stop)
  if (child.connected) child.disconnect()
  stdout.destroy()
  stderr.destroy()
  child.unref()
  return done
}

function relay(from: Readable, to: Writable) {
  let bytes = 0
  from.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    to.write(chunk)
  })
  return {
    /** Resolves once so many bytes have come. */
    until: async (wanted: number): Promise<void> => {
      while (bytes < wanted) await once(from, 'data')
    },
  }
}

/** In the process that stays: gives the terminal back, then waits for `signal`. Nobody reads what it writes from here on. */
export async function stayUntil(signal: AbortSignal): Promise<void> {
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
  process.send?.([process.stdout.bytesWritten, process.stderr.bytesWritten])
  if (signal.aborted) return
  // The signal's source, a handler of SIGTERM, keeps no process alive.
  const alive = setInterval(() => {}, 1 << 30)
  await once(signal, 'abort')
  clearInterval(alive)
}
