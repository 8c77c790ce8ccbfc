import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where what is fetched for the image is kept: outside the tree, `${XDG_CACHE_HOME:-~/.cache}/tka/image`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tka', 'image')
}
