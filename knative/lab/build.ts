import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { buildGo, programs as tailnet } from 'tsnet-node/testing'
import { buildKey } from './build-key.ts'
import { requireGo } from './go-version.ts'
import { takeLock } from './lock.ts'
import { type LabProgram, programs } from './programs.ts'

/** What to build and how. */
export interface BuildOptions {
  /** The lab's own by default; `with-parent` comes first, for it ends the compiler with this process. */
  readonly programs?: readonly LabProgram[]
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((line: string) => void) | undefined
}

/**
 * Compiles whatever is not yet in the cache (`${XDG_CACHE_HOME:-~/.cache}/tka/lab/<key>/<program>`) and resolves to the
 * paths of all programs by name, those of the tailnet included. One compile at a time on the whole machine; others wait
 * for it and take its result. Rejects with the compiler's words, or when Go is missing or too old.
 */
export async function buildPrograms(options: BuildOptions = {}): Promise<Readonly<Record<string, string>>> {
  const goVersion = await requireGo()
  const paths: Record<string, string> = {}
  for (const program of options.programs ?? programs)
    paths[program.name] = await build(program, goVersion, paths['with-parent'], options)
  const { progress: log = () => {} } = options
  for (const program of [tailnet.helper, tailnet.testFunnelHelper, tailnet.testnet, tailnet.laptop]) {
    paths[program.name] = await buildGo({ ...program, log })
  }
  return paths
}

/** `withParent` lets the compiler end with this process; it is there for all but the first program, which it is. */
async function build(
  program: LabProgram,
  goVersion: string,
  withParent: string | undefined,
  { signal, progress }: BuildOptions,
): Promise<string> {
  // No cgo and no local paths, so that Go's own cache serves every checkout of this repository.
  const flags = ['-trimpath', '-ldflags', program.ldflags]
  const platform = `${process.platform}/${process.arch}`
  const key = await buildKey({ module: program.module, package: program.package, flags, goVersion, platform })
  const path = join(cacheDir(), key, program.name)
  if (existsSync(path)) return path
  const onWait = () => progress?.(`waiting for another process that is compiling`)
  await using _lock = await takeLock('build', { signal, onWait })
  if (existsSync(path)) return path
  progress?.(`building ${program.name} (the first time ${program.about} on two cores)`)
  const began = performance.now()
  await mkdir(dirname(path), { recursive: true })
  await compile(program, [...(withParent ? [withParent] : []), 'go', 'build', ...flags, '-o', `${path}.new`], signal)
  await rename(`${path}.new`, path)
  progress?.(`built ${program.name} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return path
}

async function compile(
  { name, module, package: path }: LabProgram,
  [file = 'go', ...args]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0', TKA_LAB_PARENT: String(process.pid) }
  // At SIGINT, go starts no further compiler, waits for those that run, and leaves no half-written file.
  const options = {
    cwd: module,
    env,
    maxBuffer: 64 << 20,
    killSignal: 'SIGINT',
    ...(signal ? { signal } : {}),
  } as const
  try {
    await promisify(execFile)(file, [...args, path], options)
  } catch (cause) {
    signal?.throwIfAborted()
    const words = cause instanceof Error && 'stderr' in cause ? cause.stderr : cause
    throw new Error(`go build of ${name} failed in ${module}\n${words}`, { cause })
  }
}

function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tka', 'lab')
}
