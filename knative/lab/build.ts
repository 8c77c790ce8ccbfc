import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { buildGo, programs as tailnet } from 'tsnet-node/testing'
import { buildKey } from './build-key.ts'
import { requireGo } from './go-version.ts'
import { takeLock } from './lock.ts'
import { type LabProgram, programs } from './programs.ts'

/** How to build. */
export interface BuildOptions {
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((line: string) => void) | undefined
}

/**
 * Compiles whatever is not yet in the cache (`${XDG_CACHE_HOME:-~/.cache}/tka/lab/<key>/<program>`) and resolves to the
 * paths of all programs by name. One compile at a time on the whole machine; others wait for it and take its result.
 * Rejects with the compiler's words, or when Go is missing or too old.
 */
export async function buildPrograms(options: BuildOptions = {}): Promise<Readonly<Record<string, string>>> {
  const goVersion = await requireGo()
  const paths: Record<string, string> = {}
  for (const program of programs) paths[program.name] = await build(program, goVersion, options)
  for (const { name, ...program } of [tailnet.helper, tailnet.testnet, tailnet.laptop]) {
    paths[name] = await buildGo({ ...program, name, ...(options.progress ? { log: options.progress } : {}) })
  }
  return paths
}

async function build(program: LabProgram, goVersion: string, { signal, progress }: BuildOptions): Promise<string> {
  // No cgo and no local paths, so that Go's own cache serves every checkout of this repository.
  const flags = ['-trimpath', '-ldflags', program.ldflags]
  const platform = `${process.platform}/${process.arch}`
  const key = await buildKey({ module: program.module, package: program.package, flags, goVersion, platform })
  const path = join(cacheDir(), key, program.name)
  if (existsSync(path)) return path
  const onWait = () => progress?.(`waiting for another process that is compiling`)
  await using _lock = await takeLock('build', { signal, onWait })
  if (existsSync(path)) return path
  progress?.(`building ${program.name} (about ${program.about} on two cores the first time)`)
  const began = performance.now()
  await mkdir(dirname(path), { recursive: true })
  await compile(program, flags, `${path}.new`, signal)
  await rename(`${path}.new`, path)
  progress?.(`built ${program.name} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return path
}

async function compile(
  program: LabProgram,
  flags: readonly string[],
  out: string,
  signal?: AbortSignal,
): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0' }
  const args = ['build', ...flags, '-o', out, program.package]
  try {
    await promisify(execFile)('go', args, {
      cwd: program.module,
      env,
      maxBuffer: 64 << 20,
      ...(signal ? { signal } : {}),
    })
  } catch (cause) {
    await rm(out, { force: true })
    signal?.throwIfAborted()
    const words = cause instanceof Error && 'stderr' in cause ? cause.stderr : cause
    throw new Error(`go build of ${program.name} failed in ${program.module}\n${words}`, { cause })
  }
}

function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tka', 'lab')
}
