import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Runs a program to its end and resolves to what it printed. Rejects with what it said when it failed, and with
 * `whence` when it is not there.
 */
export async function runTool(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly whence: string },
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, args, { cwd: options.cwd, maxBuffer: 64 << 20 })
    return stdout
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new Error(isMissing ? `no ${file} in PATH: ${options.whence}` : `${file} ${args.join(' ')}: ${said(cause)}`, {
      cause,
    })
  }
}

function said(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return text || String(error)
}
