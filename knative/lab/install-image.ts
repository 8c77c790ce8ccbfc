import { createHash } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleFunctions } from '../bundle/bundle-functions.ts'
import { makeOnce } from '../image/make-once.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

// Whatever can end up in a bundle.
const sources = [
  'events/**/*.ts',
  'functions/**/*.ts',
  'tsnet-node/src/**/*.ts',
  'knative/bundle/*.ts',
  'package-lock.json',
]

/**
 * What stands for the image: the functions bundled as an image carries them, in a directory of `dir` named by their
 * sources' content, so that everybody in one lab shares it. Resolves to the file for a path in the image.
 */
export async function functionsImage(dir: string): Promise<(path: string) => string | undefined> {
  const app = await makeOnce(join(dir, `image-${await sourcesHash()}`), bundleFunctions)
  return path => (path.startsWith('/app/') ? join(app, path.slice('/app/'.length)) : undefined)
}

async function sourcesHash(): Promise<string> {
  const paths = (await Array.fromAsync(glob(sources, { cwd: root }))).filter(path => !path.endsWith('.test.ts')).sort()
  const contents = await Promise.all(paths.map(path => readFile(join(root, path))))
  const hash = createHash('sha256')
  for (const [index, path] of paths.entries())
    hash
      .update(`${path}\0`)
      .update(contents[index] ?? '')
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}
