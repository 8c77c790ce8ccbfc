// A supervisor as the lab's, over programs that only sleep: for the tests of supervision.
import { buildPrograms } from './build.ts'
import { runChildren } from './children.ts'
import { supervise } from './supervise.ts'

const [dir = ''] = process.argv.slice(2)

await supervise({
  dir,
  lock: `sleepers ${dir}`,
  lingerMs: 100,
  signal: new AbortController().signal,
  start: async ({ dir: run }) => {
    const programs = await buildPrograms()
    const children = runChildren({ logDir: run, withParent: programs['with-parent'] ?? '' })
    children.start({ name: 'first', file: 'sleep', args: ['1000'] })
    children.start({ name: 'second', file: 'sleep', args: ['1000'] })
    return {
      state: { pids: children.pids, supervisor: process.pid },
      failed: children.failed,
      route: host => {
        if (host === 'broken') throw new Error('no such name')
      },
      [Symbol.asyncDispose]: () => children[Symbol.asyncDispose](),
    }
  },
})
