import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Writes `src` and the fixtures into a folder as JavaScript, one file for one. */
export async function asJavaScript(out: string): Promise<void> {
  await writeFile(join(out, 'package.json'), '{ "type": "module" }\n', { flag: 'wx' })
  for (const folder of ['src', 'bench/fixtures']) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
      const source = await readFile(join(root, folder, file), 'utf8')
      const path = join(out, folder, file.replace(/\.ts$/, '.js'))
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, stripTypeScriptTypes(source).replaceAll(/(?<=from '\.[^']*)\.ts(?=')/g, '.js'))
    }
  }
}
