import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { socketName, stateName } from '../lab/supervise.ts'
import { removeCgroups } from './cgroups.ts'
import { removeLink } from './network.ts'

/** Removes what a cluster that was killed leaves in the machine: empty cgroups, and for a moment its link. */
export async function removeTraces(): Promise<void> {
  await removeLink()
  await removeCgroups()
}

/** Removes that, and what it leaves in its directory. The rest ends with it. */
export async function removeLeftovers(dir: string): Promise<void> {
  await removeTraces()
  for (const name of [socketName, stateName]) await rm(join(dir, name), { force: true })
  await removeData(join(dir, 'run'))
}

/** Removes what a run wrote but its logs, which stay until the next one for whoever wants to know what happened. */
export async function removeData(run: string): Promise<void> {
  const names = await readdir(run).catch(() => [])
  const data = names.filter(name => name !== 'logs')
  await Promise.all(data.map(name => rm(join(run, name), { recursive: true, force: true })))
}
