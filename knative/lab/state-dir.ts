import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The lab's private directory for this user: `${XDG_RUNTIME_DIR or the temporary directory}/tka-lab-<uid>`. */
export function stateDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_RUNTIME_DIR || tmpdir(), `tka-lab-${process.getuid?.() ?? 0}`)
}

/** Lock of whoever has a lab: one on a machine, since the dispatcher's ports are fixed. */
export const labLock = 'lab'

/** Makes a directory that only this user can enter; rejects one that somebody else made or can enter. */
export async function makePrivateDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const found = await lstat(dir)
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0
  if (!isOurs) throw new Error(`${dir} must be a directory of this user alone (mode 0700): it will hold credentials`)
}
