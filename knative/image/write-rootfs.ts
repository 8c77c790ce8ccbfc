import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Layer, planLayer } from './plan-layer.ts'

/** Writes the layers, one over the other, as files below `dir`: for a Dockerfile to copy. Rejects when `dir` exists. */
export async function writeRootfs(dir: string, layers: readonly Layer[]): Promise<void> {
  await mkdir(dir)
  for (const layer of layers) {
    for (const entry of planLayer(layer)) {
      const path = join(dir, entry.path)
      if ('target' in entry) {
        await symlink(entry.target, path)
      } else {
        if (!('source' in entry)) await mkdir(path, { recursive: true })
        else if (typeof entry.source === 'string') await copyFile(entry.source, path)
        else await writeFile(path, entry.source)
        // The process's umask has no say.
        await chmod(path, entry.mode)
      }
    }
  }
}
