// The process that holds the lab: started by the first who needs it, ended after the last.
import { startStack } from './stack.ts'
import { supervise } from './supervise.ts'

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('usage: node supervisor.ts <directory>; startLab() does it for you')

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort())

// The dispatcher's ports are fixed, so the name of the lock is, too: one lab on a machine.
await supervise({ dir, lock: 'lab', lingerMs: 5000, start: startStack, signal: stopped.signal })
