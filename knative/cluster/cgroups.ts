import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { waitUntil } from '../lab/wait-until.ts'

/** The cgroup below which all pods are: the kubelet's `cgroupRoot`. */
export const cgroupRoot = '/tka-cluster'

/** Makes it; the kubelet wants it there. */
export async function makeCgroups(): Promise<void> {
  const { old, unified } = await readHierarchies()
  // A kubelet looks in the hierarchies of version 1 where there are any.
  for (const dir of old.length > 0 ? old : unified) await mkdir(join(dir, cgroupRoot), { recursive: true })
}

/** Removes it and all below; waits until their last processes are gone. */
export async function removeCgroups(): Promise<void> {
  const { old, unified } = await readHierarchies()
  // In both: runc makes cgroups beside those of the kubelet in the unified hierarchy.
  for (const hierarchy of [...old, ...unified]) {
    const dir = join(hierarchy, cgroupRoot)
    await waitUntil(`${dir} is empty`, () => remove(dir).then(() => true), { timeoutMs: 15_000 })
  }
}

/** Names of the controllers that this machine has for pods. */
export async function readControllers(): Promise<readonly string[]> {
  const { old, unified } = await readHierarchies()
  if (old.length === 0) {
    const [dir = '/sys/fs/cgroup'] = unified
    return (await readFile(join(dir, 'cgroup.controllers'), 'utf8').catch(() => '')).trim().split(' ')
  }
  const lines = (await readFile('/proc/cgroups', 'utf8')).split('\n').map(line => line.split('\t'))
  return lines.flatMap(([name = '', , , enabled]) => (enabled === '1' ? [name] : []))
}

/** Where hierarchies of version 1 (`old`) and 2 are mounted, writable. */
async function readHierarchies(): Promise<Readonly<Record<'old' | 'unified', readonly string[]>>> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map(line => line.split(' '))
  const writable = (type: string) =>
    mounts.flatMap(([, at = '', found, options]) => (found === type && options?.startsWith('rw') ? [at] : []))
  return { old: writable('cgroup'), unified: writable('cgroup2') }
}

/** Files of a cgroup cannot be removed, and go with it. */
async function remove(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(ifPresent([]))
  for (const entry of entries) if (entry.isDirectory()) await remove(join(dir, entry.name))
  await rmdir(dir).catch(ifPresent(undefined))
}

function ifPresent<Value>(value: Value): (error: unknown) => Value {
  return error => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value
    throw error
  }
}
