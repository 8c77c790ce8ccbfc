// The process that holds the lab: started by the first who needs it, ended after the last.
import { startStack } from './stack.ts'
import { labLock } from './state-dir.ts'
import { supervise } from './supervise.ts'

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('usage: node supervisor.ts <directory>; startLab() does it for you')

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort())

await supervise({ dir, lock: labLock, lingerMs: 5000, start: startStack, signal: stopped.signal })
