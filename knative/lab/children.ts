import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program to run. */
interface ChildProgram {
  /** Its name among the others, and that of its log file. */
  readonly name: string
  readonly file: string
  readonly args?: readonly string[]
  /** Its whole environment besides PATH, HOME and TMPDIR. */
  readonly env?: Readonly<Record<string, string>>
}

/** The programs that one process runs, which all end with it, however it ends. */
export interface Children extends AsyncDisposable {
  start(program: ChildProgram): void
  readonly pids: Readonly<Record<string, number>>
  /** Log files by name. */
  readonly logs: Readonly<Record<string, string>>
  /** Aborts, with the last lines of its log as the reason, when one of them ends unasked. */
  readonly failed: AbortSignal
}

/** Where the programs run and what keeps them tied to this process. */
export interface ChildrenOptions {
  readonly logDir: string
  /** Path of the program `with-parent` (go/with-parent). */
  readonly withParent: string
  /** Put before each program: a command that becomes it, such as `nsenter`. */
  readonly within?: readonly string[]
}

/** Makes an empty set of programs. Disposing of it kills them (SIGKILL) and waits until they are gone. */
export function runChildren({ logDir, withParent, within = [] }: ChildrenOptions): Children {
  const running = new Map<string, ChildProcess>()
  const pids: Record<string, number> = {}
  const logs: Record<string, string> = {}
  const failure = new AbortController()
  let ending = false

  const ended = (name: string, how: string): void => {
    running.delete(name)
    if (ending || failure.signal.aborted) return
    failure.abort(new Error(`${name} ended unasked (${how}):\n${lastLines(logs[name])}`))
  }

  return {
    pids,
    logs,
    failed: failure.signal,
    start({ name, file, args = [], env = {} }) {
      if (ending) throw new Error(`${name}: the programs are being ended`)
      const log = join(logDir, `${name}.log`)
      const fd = openSync(log, 'a', 0o600)
      logs[name] = log
      const child = spawn(withParent, [...within, file, ...args], {
        stdio: ['ignore', fd, fd],
        env: { ...inherited(), ...env, TKA_LAB_PARENT: String(process.pid) },
      })
      closeSync(fd)
      child.on('error', error => ended(name, error.message))
      child.on('exit', (code, signal) => ended(name, signal ?? `exit code ${code}`))
      if (child.pid === undefined) return
      pids[name] = child.pid
      running.set(name, child)
    },
    [Symbol.asyncDispose]: async () => {
      ending = true
      // SIGKILL: a graceful API server or webhook keeps its port for many seconds.
      await Promise.all(
        [...running.values()].map(async child => {
          const exited = once(child, 'exit')
          child.kill('SIGKILL')
          await exited
        }),
      )
    },
  }
}

function inherited(): Record<string, string> {
  const { PATH = '', HOME = '/', TMPDIR } = process.env
  return { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}) }
}

function lastLines(log: string | undefined): string {
  if (log === undefined) return '(no log)'
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}
