// Bundles each function (a folder under functions/ with a main.ts) into one ES module, dist/<function>.js.
import { readdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

async function deployables(): Promise<readonly string[]> {
  const folders = await readdir(`${root}functions`)
  const found = await Promise.all(
    folders.map(async name => ((await stat(`${root}functions/${name}/main.ts`).catch(() => undefined)) ? [name] : [])),
  )
  return found.flat().sort()
}

const names = await deployables()
const result = await build({
  absWorkingDir: root,
  entryPoints: names.map(name => ({ in: `functions/${name}/main.ts`, out: name })),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: 'linked',
  metafile: true,
  logLevel: 'warning',
  // CommonJS dependencies inside the bundle still call require() for Node's own modules.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url)" },
})
for (const [file, output] of Object.entries(result.metafile.outputs)) {
  if (names.some(name => file === `dist/${name}.js`)) console.log(`${file}  ${(output.bytes / 1024).toFixed(0)} KiB`)
}
