import { readFile } from 'node:fs/promises'

/** Whether a process runs; one that has ended and waits for its parent to notice does not. Linux only (proc(5)). */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const state = status?.slice(status.lastIndexOf(')') + 2).charAt(0)
  return state !== undefined && state !== 'Z' && state !== 'X'
}
