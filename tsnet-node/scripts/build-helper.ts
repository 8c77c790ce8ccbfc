import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { buildFlags, cacheDir, cachePath, type GoProgram, helperModule, programs } from '../src/helper-cache.ts'

export { programs } from '../src/helper-cache.ts'

/** What to build out of the helper's Go module. */
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
  log(`building ${program.name} (a minute or two when cold, seconds after that)`)
  const began = performance.now()
  await goBuild(program, `${path}.new`)
  await rename(`${path}.new`, path)
  log(`built ${program.name} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return path
}

/** Says on standard error what is being built. */
export function tellProgress(line: string): void {
  console.error(`tsnet-node: ${line}`)
}

async function goBuild(program: GoProgram, out: string): Promise<void> {
  const tags = program.tags?.length ? ['-tags', program.tags.join(',')] : []
  const args = ['build', ...buildFlags, ...tags, '-o', out, program.package]
  try {
    await promisify(execFile)('go', args, { cwd: helperModule, env: { ...process.env, CGO_ENABLED: '0' } })
  } catch (cause) {
    throw new Error(
      `go ${args.join(' ')} failed in ${helperModule}; Go 1.26.6 or newer is needed\n${stderrOf(cause)}`,
      {
        cause,
      },
    )
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

const usage = `Usage: node scripts/build-helper.ts [--all | --only <name>] [--print]

Builds the Go programs of this package into the cache (\${XDG_CACHE_HOME:-~/.cache}/tsnet-node), where TailscaleNode
finds its helper. What is there already is not built again.

  --only <name>  just one of: ${Object.keys(programs).join(', ')}
  --all          also what only tests need (the default is the helper alone)
  --print        print the paths, one a line
  --help         this text`

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      all: { type: 'boolean' },
      print: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(usage)
  } else {
    const chosen = Object.entries(programs).filter(([name]) =>
      values.only ? name === values.only : values.all || name === 'helper',
    )
    if (chosen.length === 0) throw new Error(`no program ${values.only}: ${Object.keys(programs).join(', ')}`)
    for (const [, program] of chosen) {
      const path = await buildGo({ ...program, log: tellProgress })
      if (values.print) console.log(path)
    }
  }
}
