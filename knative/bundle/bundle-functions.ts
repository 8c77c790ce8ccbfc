import { readdir, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Bytes of each function's own file, by name; what functions share is in chunks beside it. */
export type Bundled = ReadonlyMap<string, number>

/** Bundles each function (a folder under functions/ with a main.ts) into one ES module, `<outdir>/<function>.js`. */
export async function bundleFunctions(outdir: string): Promise<Bundled> {
  const names = await deployables()
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: names.map(name => ({ in: `functions/${name}/main.ts`, out: name })),
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'warning',
    // CommonJS dependencies inside the bundle still call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url)",
    },
  })
  return new Map(
    Object.entries(metafile.outputs)
      .map(([file, { bytes }]) => [basename(file, '.js'), bytes] as const)
      .filter(([name]) => names.includes(name)),
  )
}

async function deployables(): Promise<readonly string[]> {
  const folders = await readdir(`${root}functions`)
  const found = await Promise.all(
    folders.map(async name => ((await stat(`${root}functions/${name}/main.ts`).catch(() => undefined)) ? [name] : [])),
  )
  return found.flat().sort()
}
