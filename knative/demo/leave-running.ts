import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Set for the process that goes on after the one that a person started has given the terminal back. */
const mark = 'TKA_LEFT_RUNNING'

/** True in the process that stays. */
export const stays = (): boolean => process.env[mark] !== undefined

/**
 * Runs this very command again as a process that may outlive the terminal, and waits until it says that all is done. Resolves to
 * the exit code: 0 when it stays, its own when it ended. Ctrl-C meanwhile ends it.
 */
export async function leaveRunning(): Promise<number> {
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [mark]: '1' },
  })
  const stop = () => void child.kill('SIGTERM')
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const done = await Promise.race([
    once(child, 'message').then(() => 0),
    once(child, 'exit').then(([code]) => code ?? 1),
  ])
  process.off('SIGINT', stop).off('SIGTERM', stop)
  if (child.connected) child.disconnect()
  child.unref()
  return done
}

/** In the process that stays: gives the terminal back, then waits for `signal`. */
export async function stayUntil(signal: AbortSignal): Promise<void> {
  process.send?.('done')
  if (signal.aborted) return
  // The signal's source, a handler of SIGTERM, keeps no process alive.
  const alive = setInterval(() => {}, 1 << 30)
  await once(signal, 'abort')
  clearInterval(alive)
}
