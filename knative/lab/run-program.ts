import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** How a program that ran to its end ended. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end without a shell, with `input` as its standard input; rejects only when it cannot be started. Killed
 * after `timeoutMs` (30 s).
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number; readonly input?: string } = {},
): Promise<Finished> {
  const child = spawn(file, args, {
    stdio: 'pipe',
    timeout: options.timeoutMs ?? 30_000,
    killSignal: 'SIGKILL',
    ...(options.env === undefined ? {} : { env: options.env }),
  })
  // A program that ends without having read it all says the rest by its exit code.
  child.stdin.on('error', () => undefined).end(options.input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, stdout, stderr }
}
