import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  buildFlags,
  cacheDir,
  cachePath,
  type GoProgram,
  helperModule,
  type Platform,
  thisPlatform,
} from './helper-cache.ts'

/** What to build. */
export interface GoBuild extends GoProgram {
  /** Called with lines about the progress. */
  readonly log?: (line: string) => void
}

/**
 * Builds a program into the cache, unless one of the same sources and flags is there, and resolves to its path. Several
 * processes may ask at once: one builds at a time, the others wait. Needs Go; a cold build compiles Tailscale (2–4 CPU minutes).
 */
export async function buildGo({ log = () => {}, ...program }: GoBuild): Promise<string> {
  const path = cachePath(program)
  if (existsSync(path)) return path
  await mkdir(dirname(path), { recursive: true })
  await using _lock = await takeLock(join(cacheDir(), 'build.lock'))
  if (existsSync(path)) return path
  log(`building ${nameOf(program)} (minutes when cold, seconds after that)`)
  const began = performance.now()
  await goBuild(program, `${path}.new`)
  await rename(`${path}.new`, path)
  log(`built ${nameOf(program)} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return path
}

function nameOf({ name, platform }: GoProgram): string {
  return platform ? `${name} for ${platform.os}-${platform.arch}` : name
}

/** Says on standard error what is being built. */
export function tellProgress(line: string): void {
  console.error(`tsnet-node: ${line}`)
}

/** Go's words for a platform, as environment. */
export function goTarget({ os, arch }: Platform): { readonly GOOS: string; readonly GOARCH: string } {
  return { GOOS: os === 'win32' ? 'windows' : os, GOARCH: arch === 'x64' ? 'amd64' : arch }
}

async function goBuild({ module = helperModule, platform = thisPlatform, ...program }: GoProgram, out: string) {
  const tags = program.tags?.length ? ['-tags', program.tags.join(',')] : []
  const args = ['build', ...buildFlags, ...tags, '-o', out, program.package]
  try {
    await promisify(execFile)('go', args, {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0', ...goTarget(platform) },
    })
  } catch (cause) {
    throw new Error(`go ${args.join(' ')} failed in ${module}; Go 1.26.6 or newer is needed\n${stderrOf(cause)}`, {
      cause,
    })
  }
}

function stderrOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
}

/** Takes a lock that a process which dies leaves behind for the next one. */
async function takeLock(path: string): Promise<AsyncDisposable> {
  const mine = `${path}.${process.pid}`
  await writeFile(mine, String(process.pid))
  try {
    while (!(await linked(mine, path))) {
      if (await isHeld(path)) await sleep(200)
      else await rm(path, { force: true })
    }
  } finally {
    await rm(mine, { force: true })
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
}

/** A link comes with its content, so that nobody sees a lock without its holder. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function isHeld(lock: string): Promise<boolean> {
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''))
  try {
    return holder > 0 && process.kill(holder, 0)
  } catch {
    return false
  }
}
