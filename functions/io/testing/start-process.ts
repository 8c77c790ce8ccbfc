import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

type Line = Readonly<Record<string, unknown>>

/** A function as a process of its own, whose log is read. */
export interface TrialProcess extends AsyncDisposable {
  readonly lines: readonly Line[]
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>
  /** Resolves to the first log line with this message; rejects when the process ends without it. */
  line(message: string): Promise<Line>
  kill(signal: NodeJS.Signals): void
}

/** Starts a main.ts, for tests. It gets no environment but what is given here. */
export async function startProcess(path: string, env: Readonly<Record<string, string>> = {}): Promise<TrialProcess> {
  const child = spawn(process.execPath, [path], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const read = createInterface({ input: child.stdout })
  read.on('line', text => {
    lines.push(JSON.parse(text))
    for (const wake of waiting) wake()
  })
  const ended = Promise.all([once(child, 'exit'), once(read, 'close')])
  const exited = ended.then(() => child.exitCode)
  await once(child, 'spawn')
  return {
    lines,
    exited,
    line: message => {
      const { promise, resolve, reject } = Promise.withResolvers<Line>()
      const look = () => {
        const found = lines.find(line => line.message === message)
        if (found) resolve(found)
      }
      waiting.add(look)
      look()
      exited.then(code =>
        reject(new Error(`ended with ${code} before "${message}": ${JSON.stringify(lines)} ${errors}`)),
      )
      return promise.finally(() => waiting.delete(look))
    },
    kill: signal => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
