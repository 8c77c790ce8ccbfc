// The process that holds the cluster: started by the first who needs it, ended after the last.
import * as v from 'valibot'
import { supervise } from '../lab/supervise.ts'
import { clusterLock } from './cluster-dir.ts'
import { Level } from './cluster-state.ts'
import { startStack } from './stack.ts'

const [dir, level, ...flags] = process.argv.slice(2)
if (dir === undefined)
  throw new Error('usage: node supervisor.ts <directory> <level> [stay] [oidc]; startCluster() does it')
const options = { level: v.parse(Level, level), stays: flags.includes('stay'), oidc: flags.includes('oidc') }

// Programs of the administrator, which not every shell has on its path.
process.env.PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort())

await supervise({
  dir,
  lock: clusterLock,
  lingerMs: options.stays ? Number.POSITIVE_INFINITY : 5000,
  start: given => startStack({ ...given, ...options }),
  signal: stopped.signal,
})
