import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { buildFlags, cachePath, type GoProgram, helperModule, programs } from '../src/helper-cache.ts'

export { programs } from '../src/helper-cache.ts'

/** What to build out of the helper's Go module. */
export interface GoBuild extends GoProgram {
  /** Called with lines about the progress. */
  readonly log?: (line: string) => void
}

/**
 * Builds a program into the cache, unless one of the same sources and flags is there, and resolves to its path. Several
 * processes may ask at once: one builds, the others wait. Needs Go; a cold build compiles Tailscale (2–4 CPU minutes).
 */
export async function buildGo({ log = () => {}, ...program }: GoBuild): Promise<string> {
  const path = cachePath(program)
  if (existsSync(path)) return path
  await mkdir(dirname(path), { recursive: true })
  await using _lock = await takeLock(`${path}.lock`)
  if (existsSync(path)) return path
  log(`building ${program.name} (a minute or two when cold, seconds after that)`)
  const began = performance.now()
  await goBuild(program, `${path}.new`)
  await rename(`${path}.new`, path)
  log(`built ${program.name} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return path
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

async function takeLock(path: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    if (await isStale(path)) await rm(path, { force: true })
    else await sleep(200)
  }
}

async function isStale(lock: string): Promise<boolean> {
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''))
  if (!holder) return false // just made or just gone
  try {
    process.kill(holder, 0)
    return false
  } catch {
    return true
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
    const log = (line: string) => console.error(`tsnet-node: ${line}`)
    const chosen = Object.entries(programs).filter(([name]) =>
      values.only ? name === values.only : values.all || name === 'helper',
    )
    if (chosen.length === 0) throw new Error(`no program ${values.only}: ${Object.keys(programs).join(', ')}`)
    for (const [, program] of chosen) {
      const path = await buildGo({ ...program, log })
      if (values.print) console.log(path)
    }
  }
}
