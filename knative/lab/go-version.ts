import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The oldest Go that compiles the lab's programs. */
const oldestGo = '1.26.6'

/** The version of the Go on the PATH, such as `1.26.8`; rejects with what to do when there is none or it is too old. */
export async function requireGo(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const printed = await promisify(execFile)('go', ['env', 'GOVERSION'], { env }).catch((cause: unknown) => {
    throw new Error(`the lab is compiled with Go ${oldestGo} or newer, and there is no working \`go\` on the PATH`, {
      cause,
    })
  })
  const version = printed.stdout.trim().replace(/^go/, '')
  if (!isAtLeast(version, oldestGo))
    throw new Error(`the lab needs Go ${oldestGo} or newer; the \`go\` on the PATH is ${version}`)
  return version
}

/** Whether `version` (`1.26.8`, `1.27rc1`) is `oldest` or newer. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [have, want] = [numbers(version), numbers(oldest)]
  for (const [i, n] of want.entries()) {
    const other = have[i] ?? 0
    if (other !== n) return other > n
  }
  return true
}

function numbers(version: string): readonly number[] {
  return (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number)
}
