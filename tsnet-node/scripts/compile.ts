import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { SourceManifest } from './manifests.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Writes `src` as JavaScript: one file for each that programs import, and one for what those share. The many small files of
 * the source would cost a program more than twice the time at its start.
 */
export async function bundle(outDir: string, { exports, bin }: SourceManifest): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [...Object.values(exports), ...Object.values(bin)],
    outbase: 'src',
    outdir: outDir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'warning',
  })
}

/** Writes the types of `src`. */
export async function declare(outDir: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
  try {
    await promisify(execFile)(process.execPath, args)
  } catch (cause) {
    const words = cause instanceof Error && 'stdout' in cause ? cause.stdout : cause
    throw new Error(`the sources do not compile\n${words}`, { cause })
  }
}
