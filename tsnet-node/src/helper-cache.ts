import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The Go module that the helper and the programs for tests are built from. */
export const helperModule = fileURLToPath(new URL('../helper', import.meta.url))

/** A Go module of its own: Headscale is built with an older Tailscale. */
const headscaleModule = fileURLToPath(new URL('../headscale', import.meta.url))

/** How every program is built; `-trimpath` keeps this machine's paths out of it. */
export const buildFlags = ['-trimpath', '-ldflags', '-s -w'] as const

/** What a program runs on, in the words of `process.platform` and `process.arch`. */
export interface Platform {
  readonly os: NodeJS.Platform
  readonly arch: NodeJS.Architecture
}

/** The platforms that the helper is published for. */
export const platforms = [
  { os: 'linux', arch: 'x64' },
  { os: 'linux', arch: 'arm64' },
  { os: 'darwin', arch: 'x64' },
  { os: 'darwin', arch: 'arm64' },
] as const satisfies readonly Platform[]

/** Where this process runs. */
export const thisPlatform: Platform = { os: process.platform, arch: process.arch }

/** The npm package that carries the helper for a platform. */
export function helperPackage({ os, arch }: Platform): string {
  return `tsnet-node-${os}-${arch}`
}

/** A program of a Go module: a package path such as `./testnet`, or the import path of a tool dependency. */
export interface GoProgram {
  readonly package: string
  readonly tags?: readonly string[]
  readonly name: string
  /** Folder of the module; the helper's by default. */
  readonly module?: string
  /** This machine's by default. */
  readonly platform?: Platform
}

/** The programs of this package. */
export const programs = {
  helper: { package: '.', name: 'tsnet-helper' },
  testFunnelHelper: { package: '.', tags: ['testfunnel'], name: 'tsnet-helper-testfunnel' },
  testnet: { package: './testnet', name: 'testnet' },
  laptop: { package: './laptop', name: 'laptop' },
  tailscaled: { package: 'tailscale.com/cmd/tailscaled', name: 'tailscaled' },
  headscale: { package: 'github.com/juanfont/headscale/cmd/headscale', name: 'headscale', module: headscaleModule },
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
  const { module = helperModule, platform = thisPlatform } = program
  const hash = createHash('sha256')
  hash.update(JSON.stringify([buildFlags, program.tags ?? [], program.package, platform.os, platform.arch]))
  for (const file of sourceFiles(program, module)) {
    hash.update(`\0${file}\0`).update(readFileSync(join(module, file)))
  }
  return hash.digest('hex').slice(0, 32)
}

function sourceFiles(program: GoProgram, module: string): readonly string[] {
  const isOwn = program.package.startsWith('.')
  const own = isOwn ? [...goFiles(module, program.package), ...goFiles(module, 'internal', true)] : []
  return ['go.mod', 'go.sum', ...own]
}

function goFiles(module: string, folder: string, recursive = false): readonly string[] {
  return readdirSync(join(module, folder), { recursive, encoding: 'utf8' })
    .filter(file => file.endsWith('.go') && !file.endsWith('_test.go'))
    .map(file => join(folder, file))
    .sort()
}
