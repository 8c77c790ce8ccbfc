// A command that leaves itself running, for the test of that: says a lot, stays, and writes on until SIGTERM. When nobody
// reads that any more, it makes the file that is named as its argument.
import { writeFileSync } from 'node:fs'
import { leaveRunning, stays, stayUntil } from '../leave-running.ts'

const stopped = new AbortController()
process.once('SIGTERM', () => stopped.abort())
if (!stays()) process.exitCode = await leaveRunning()
else if (process.argv[2] === undefined) {
  process.stderr.write('it failed\n')
  process.exitCode = 3
} else {
  process.stdout.write(`${'x'.repeat(300_000)}\n${process.pid}\n`)
  const unread = process.argv[2]
  process.stdout.once('error', () => writeFileSync(unread, ''))
  const talking = setInterval(() => process.stdout.write('still here\n'), 5)
  await stayUntil(stopped.signal)
  clearInterval(talking)
}
