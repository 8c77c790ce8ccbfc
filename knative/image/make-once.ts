import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * The folder `dir`, which is made whole by `make` unless it is there: nobody ever sees a part of it, and of several who
 * make the same content at once one wins.
 */
export async function makeOnce(dir: string, make: (fresh: string) => Promise<unknown>): Promise<string> {
  if (existsSync(dir)) return dir
  await mkdir(dirname(dir), { recursive: true })
  const fresh = await mkdtemp(`${dir}.new-`)
  try {
    await make(fresh)
    await rename(fresh, dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return dir
}
