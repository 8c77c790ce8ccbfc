import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program that prints one JSON line when it is ready and ends at the end of its standard input. */
export interface LineProcess extends AsyncDisposable {
  readonly pid: number
  /** The JSON of its first line. */
  readonly ready: unknown
}

/** Starts such a program and waits for its first line; its standard error is this process's unless it fails. */
export async function startLineProcess(
  path: string,
  args: readonly string[],
  { env, signal }: { readonly env?: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined } = {},
): Promise<LineProcess> {
  signal?.throwIfAborted()
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4096)
  })
  child.stdin.on('error', () => {}) // it ended first
  try {
    const lines = createInterface({ input: child.stdout })
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${path} ended with ${code} before it was ready: ${stderr.trim()}`)
    })
    const [line] = (await Promise.race([once(lines, 'line', { signal }), ended])) as [string]
    ended.catch(() => {})
    return { pid: child.pid ?? 0, ready: JSON.parse(line), [Symbol.asyncDispose]: () => endProcess(child) }
  } catch (error) {
    await endProcess(child)
    throw error
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  const kill = setTimeout(() => child.kill('SIGKILL'), 4_000)
  await exited
  clearTimeout(kill)
}
