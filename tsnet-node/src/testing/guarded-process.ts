import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** A program that knows nothing of this process and yet ends with it, however this process ends. */
export interface GuardedProcess extends AsyncDisposable {
  /** Process id of the program itself, for signals. */
  readonly pid: number
  /** What `ready` matched. */
  readonly ready: RegExpExecArray
}

export interface GuardedProcessOptions {
  /** Matches the line of its output that says it is ready. */
  readonly ready: RegExp
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs the program ("$0" "$@") and says its pid; whatever happens to this process, the end of its end of the pipe on
 * standard input kills the program.
 */
const guard = `
exec 3<&0
"$0" "$@" </dev/null >&2 3<&- &
program=$!
{ read -r _; kill -9 "$program"; } <&3 >/dev/null 2>&1 &
exec 3<&-
echo "$program"
exec >&-
wait "$program"`

/** Starts such a program and waits for it to be ready; rejects with the end of its output when it ends before that. */
export async function startGuardedProcess(
  path: string,
  args: readonly string[],
  { ready, env, cwd, signal }: GuardedProcessOptions,
): Promise<GuardedProcess> {
  signal?.throwIfAborted()
  const child = spawn('/bin/sh', ['-c', guard, path, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd && { cwd }),
  })
  child.stdin.on('error', () => {}) // it ended first
  try {
    const pid = once(createInterface({ input: child.stdout }), 'line', { signal })
    const ended = once(child, 'close', { signal }).then(([code]) => new Error(`${path} ended with ${code}`))
    const [[line], match] = await Promise.all([pid, lineOf(child.stderr, ready, ended)])
    return { pid: Number(line), ready: match, [Symbol.asyncDispose]: () => endProcess(child) }
  } catch (error) {
    await endProcess(child)
    throw error
  }
}

/** The match in the first line that has one; goes on reading after it, so that the program never blocks on its output. */
async function lineOf(output: Readable, wanted: RegExp, ended: Promise<Error>): Promise<RegExpExecArray> {
  const { promise, resolve } = Promise.withResolvers<RegExpExecArray>()
  const last: string[] = []
  createInterface({ input: output }).on('line', line => {
    last.push(line)
    if (last.length > 20) last.shift()
    const match = wanted.exec(line)
    if (match) resolve(match)
  })
  const first = await Promise.race([promise, ended])
  if (!(first instanceof Error)) return first
  first.message += ` before it was ready:\n${last.join('\n')}`
  throw first
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  await exited
}
