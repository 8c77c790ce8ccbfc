import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { goTarget } from '../src/build-go.ts'
import { helperModule, type Platform } from '../src/helper-cache.ts'

/** A Go module of which some packages are part of a program. */
export interface LinkedModule {
  readonly path: string
  readonly version: string
  readonly dir: string
  /** Folders of those packages, and the folders between them and the module's own. */
  readonly folders: ReadonlySet<string>
}

interface ListedPackage {
  readonly Dir: string
  readonly Standard?: boolean
  readonly Module?: {
    readonly Path: string
    readonly Version?: string
    readonly Dir: string
    readonly Replace?: unknown
  }
}

/**
 * The modules of others that the helper for a platform is linked from. What Go would link now is held against what `binary`
 * says it was linked from; rejects when they differ.
 */
export async function linkedModules(binary: string, platform: Platform): Promise<readonly LinkedModule[]> {
  const [linked, packages] = await Promise.all([modulesIn(binary), packagesFor(platform)])
  const modules = new Map<string, LinkedModule & { readonly folders: Set<string> }>()
  for (const { Dir: folder, Standard: isStandard, Module: module } of packages) {
    if (isStandard || !module?.Version) continue // the standard library, and the helper itself
    const name = `${module.Path}@${module.Version}`
    const found = modules.get(name) ?? {
      path: module.Path,
      version: module.Version,
      dir: module.Dir,
      folders: new Set(),
    }
    for (const within of foldersUpTo(folder, module.Dir)) found.folders.add(within)
    modules.set(name, found)
  }
  const differing = linked.symmetricDifference(new Set(modules.keys()))
  if (differing.size > 0) throw new Error(`${binary} is not of these sources: ${[...differing].join(', ')}`)
  return [...modules.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** `go version -m` lists `dep <path> <version> <hash>`, indented by tabs. */
async function modulesIn(binary: string): Promise<ReadonlySet<string>> {
  const { stdout } = await promisify(execFile)('go', ['version', '-m', binary])
  return new Set(Array.from(stdout.matchAll(/^\tdep\t(\S+)\t(\S+)/gm), ([, path, version]) => `${path}@${version}`))
}

async function packagesFor(platform: Platform): Promise<readonly ListedPackage[]> {
  const { stdout } = await promisify(execFile)('go', ['list', '-deps', '-json=Dir,Standard,Module', '.'], {
    cwd: helperModule,
    env: { ...process.env, CGO_ENABLED: '0', ...goTarget(platform) },
    maxBuffer: 64 << 20,
  })
  // One object after the other, each beginning and ending with a brace in the first column.
  return JSON.parse(`[${stdout.trim().replaceAll(/^\}\n\{$/gm, '},{')}]`)
}

function foldersUpTo(folder: string, top: string): readonly string[] {
  return folder === top ? [top] : [folder, ...foldersUpTo(dirname(folder), top)]
}
