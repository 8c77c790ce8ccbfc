import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { bundle } from '../scripts/compile.ts'
import { readManifest } from '../scripts/stage.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

/** Writes the package as it is published, and the fixtures beside it as programs that import it. */
export async function asJavaScript(out: string): Promise<void> {
  await writeFile(join(out, 'package.json'), '{ "type": "module" }\n', { flag: 'wx' })
  await bundle(join(out, 'dist'), await readManifest())
  for (const file of await readdir(fixtures)) {
    const source = await readFile(join(fixtures, file), 'utf8')
    const { code } = await transform(source.replace('../../src/index.ts', './dist/index.js'), { loader: 'ts' })
    await writeFile(join(out, file.replace(/\.ts$/, '.js')), code)
  }
}
