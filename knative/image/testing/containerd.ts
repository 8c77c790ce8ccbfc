import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Finished, runProgram } from '../../lab/run-program.ts'
import { waitUntil } from '../../lab/wait-until.ts'
import { isInPath } from './is-in-path.ts'

const namespace = 'image-test'

interface RunOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly readOnly?: boolean
}

/** A containerd of the test's own: nothing of it is shared with another on the machine, or outlives it. */
export interface Containerd extends AsyncDisposable {
  /** Imports an image archive with containerd's own tool. */
  import(archive: string): Promise<void>
  /** Runs the image to its end in runc, without a network; `args`, if any, take the place of its entrypoint. */
  run(image: string, options?: RunOptions): Promise<Finished>
}

/** Why no container can be run here, if so. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'containers need root'
  const missing = ['containerd', 'ctr', 'runc'].filter(name => !isInPath(name))
  if (missing.length > 0) return `no ${missing.join(', ')} in PATH (Debian: apt-get install containerd runc)`
  return undefined
}

/** Starts one; dispose of it to stop its containers and remove its files. */
export async function startContainerd(): Promise<Containerd> {
  const dir = await mkdtemp(join(tmpdir(), 'containerd-'))
  const config = join(dir, 'config.toml')
  const socket = join(dir, 'sock')
  const log = join(dir, 'log')
  await writeFile(config, configuration(dir, socket))
  const out = openSync(log, 'a')
  const daemon = spawn('containerd', ['--config', config], { stdio: ['ignore', out, out] })
  const ended = once(daemon, 'exit')
  const ctr = (...args: readonly string[]) =>
    runProgram('ctr', ['--address', socket, '--namespace', namespace, ...args], { timeoutMs: 60_000 })

  async function stop(): Promise<void> {
    const { stdout } = await ctr('tasks', 'list', '--quiet')
    for (const id of stdout.split('\n').filter(Boolean)) await ctr('tasks', 'delete', '--force', id)
    daemon.kill()
    await ended
    await rm(dir, { recursive: true, force: true })
  }

  try {
    await waitUntil('containerd answers', async () => {
      if (daemon.exitCode !== null) throw new Error(await readFile(log, 'utf8'))
      const { code, stderr } = await ctr('version')
      return code === 0 || stderr
    })
  } catch (error) {
    await stop()
    throw error
  }

  let runs = 0
  return {
    import: async archive => {
      const { code, stderr } = await ctr('images', 'import', archive)
      if (code !== 0) throw new Error(`ctr images import ${archive}: ${stderr}`)
    },
    run: (image, { args = [], env = {}, readOnly = false } = {}) => {
      const variables = Object.entries(env).map(([name, value]) => `--env=${name}=${value}`)
      const flags = ['--rm', ...(readOnly ? ['--read-only'] : []), ...variables]
      return ctr('run', ...flags, image, `run-${++runs}`, ...args)
    },
    [Symbol.asyncDispose]: stop,
  }
}

function configuration(dir: string, socket: string): string {
  return `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`
}
