import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Command } from './command.ts'
import type { LogLine } from './shadow.ts'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running process of a container. */
export interface Running {
  readonly pid: number
  readonly exited: Promise<Exit>
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL when it has not ended within `graceMs`. */
  stop(graceMs: number): Promise<Exit>
}

/** Starts a container's command. `withParent` is the program that lets a process die with this one. */
export async function runContainer(
  command: Command,
  withParent: string,
  write: (line: LogLine) => void,
): Promise<Running> {
  const child = spawn(withParent, [command.file, ...command.args], {
    env: { ...command.env, TKA_LAB_PARENT: `${process.pid}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<Exit>(resolve => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  readLines(child, 'stdout', write)
  readLines(child, 'stderr', write)
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`${command.file} has no process id`)
  return {
    pid,
    exited,
    kill: signal => void child.kill(signal),
    stop: async graceMs => {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs)
      try {
        return await exited
      } finally {
        clearTimeout(late)
      }
    },
  }
}

function readLines(child: ChildProcess, stream: LogLine['stream'], write: (line: LogLine) => void): void {
  const input = child[stream]
  if (input !== null) createInterface({ input }).on('line', text => write({ stream, text }))
}
