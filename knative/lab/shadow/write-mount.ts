import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Replaces what a mounted directory holds, all files at once, as the kubelet does: the files lie in a directory of their
 * own, `..data` points at it, and each visible name points into `..data`. Whoever watches sees one rename.
 */
export async function writeMount(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const before = await readlink(join(directory, '..data')).catch(() => undefined)
  const version = `..${randomUUID()}`
  for (const [path, content] of files) {
    const file = join(directory, version, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, content, { mode: 0o600 })
  }
  await mkdir(join(directory, version), { recursive: true, mode: 0o700 })
  await symlink(version, join(directory, '..data_tmp'))
  await rename(join(directory, '..data_tmp'), join(directory, '..data'))
  const visible = new Set([...files.keys()].map(path => path.split('/')[0] ?? path))
  const present = new Set((await readdir(directory)).filter(name => !name.startsWith('..')))
  for (const name of visible) if (!present.has(name)) await symlink(join('..data', name), join(directory, name))
  for (const name of present) if (!visible.has(name)) await rm(join(directory, name))
  if (before !== undefined) await rm(join(directory, before), { recursive: true, force: true })
}
