import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isRunning } from '../lab/process-running.ts'
import { waitUntil } from '../lab/wait-until.ts'

const program = fileURLToPath(new URL('testing/stays.ts', import.meta.url))

async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  // As `make up | tail` does: to the end of the output.
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { stdout, stderr, code }
}

describe('a command that leaves itself running', () => {
  it('ends its output, whole, and stays', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'stays-'))
    const unread = join(folder.path, 'unread')
    const { stdout, code } = await run(unread)
    assert.equal(code, 0)
    const [long, pid] = stdout.split('\n')
    assert.equal(long?.length, 300_000)
    await waitUntil('it to write what nobody reads', async () => existsSync(unread) || 'not yet', { timeoutMs: 10_000 })
    assert.equal(await isRunning(Number(pid)), true)
    process.kill(Number(pid), 'SIGTERM')
    await waitUntil('it to end', async () => !(await isRunning(Number(pid))) || 'it runs', { timeoutMs: 10_000 })
  })

  it('that fails says so, with its own exit code', async () => {
    const { stderr, code } = await run()
    assert.match(stderr, /it failed/)
    assert.equal(code, 3)
  })
})
