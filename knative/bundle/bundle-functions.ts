import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { asciiOnly } from './ascii-only.ts'
import { trimKubernetesClient } from './trim-kubernetes-client.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Bundled {
  /** Bytes of each function's own file, by name; what functions share is in chunks beside it. */
  readonly sizes: ReadonlyMap<string, number>
  /** Every file that a part of is in the bundles, relative to the repository. */
  readonly inputs: readonly string[]
}

/**
 * Bundles each function (a folder under functions/ with a main.ts) into one ES module, `<outdir>/<function>.js`. Not
 * minified: it starts no faster so, and a stack trace names functions and lines that can be read without a source map.
 */
export async function bundleFunctions(outdir: string): Promise<Bundled> {
  const names = await deployables()
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: names.map(name => ({ in: `functions/${name}/main.ts`, out: name })),
    outdir,
    bundle: true,
    plugins: [trimKubernetesClient(`${root}functions`)],
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'warning',
    // CommonJS dependencies inside the bundle still call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url)",
    },
  })
  await mkdir(outdir, { recursive: true })
  await Promise.all(outputFiles.map(({ path, text }) => writeFile(path, asciiOnly(text))))
  // Else Node.js would read each file twice to find out what it is.
  await writeFile(join(outdir, 'package.json'), '{"type":"module"}\n')
  const sizes = new Map(
    Object.entries(metafile.outputs)
      .map(([file, { bytes }]) => [basename(file, '.js'), bytes] as const)
      .filter(([name]) => names.includes(name)),
  )
  const inputs = new Set(Object.values(metafile.outputs).flatMap(output => Object.keys(output.inputs)))
  return { sizes, inputs: [...inputs].sort() }
}

async function deployables(): Promise<readonly string[]> {
  const folders = await readdir(`${root}functions`)
  const found = await Promise.all(
    folders.map(async name => ((await stat(`${root}functions/${name}/main.ts`).catch(() => undefined)) ? [name] : [])),
  )
  return found.flat().sort()
}
