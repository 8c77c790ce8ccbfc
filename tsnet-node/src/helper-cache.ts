import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The Go module that the helper and the programs for tests are built from. */
export const helperModule = fileURLToPath(new URL('../helper', import.meta.url))

/** How every program of the module is built; `-trimpath` keeps this machine's paths out of it. */
export const buildFlags = ['-trimpath', '-ldflags', '-s -w'] as const

/** A program of the module: a package path such as `./testnet`, or the import path of a tool dependency. */
export interface GoProgram {
  readonly package: string
  readonly tags?: readonly string[]
  readonly name: string
}

/** The programs of the module. */
export const programs = {
  helper: { package: '.', name: 'tsnet-helper' },
  testFunnelHelper: { package: '.', tags: ['testfunnel'], name: 'tsnet-helper-testfunnel' },
  testnet: { package: './testnet', name: 'testnet' },
  laptop: { package: './laptop', name: 'laptop' },
  tailscaled: { package: 'tailscale.com/cmd/tailscaled', name: 'tailscaled' },
} as const satisfies Record<string, GoProgram>

/** Where a program built here is kept: outside the tree, by the hash of everything it is made of. */
export function cachePath(program: GoProgram, env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDir(env), contentHash(program), program.name)
}

/** `${XDG_CACHE_HOME:-~/.cache}/tsnet-node` */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tsnet-node')
}

function contentHash(program: GoProgram): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([buildFlags, program.tags ?? [], program.package, process.platform, process.arch]))
  for (const file of sourceFiles(program)) {
    hash.update(`\0${file}\0`).update(readFileSync(join(helperModule, file)))
  }
  return hash.digest('hex').slice(0, 32)
}

function sourceFiles(program: GoProgram): readonly string[] {
  const own = program.package.startsWith('.') ? [...goFiles(program.package), ...goFiles('internal', true)] : []
  return ['go.mod', 'go.sum', ...own]
}

function goFiles(folder: string, recursive = false): readonly string[] {
  return readdirSync(join(helperModule, folder), { recursive, encoding: 'utf8' })
    .filter(file => file.endsWith('.go') && !file.endsWith('_test.go'))
    .map(file => join(folder, file))
    .sort()
}
