import { createHash } from 'node:crypto'
import { glob, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleFunctions } from '../bundle/bundle-functions.ts'

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
  const app = join(dir, `image-${await sourcesHash()}`)
  if (!(await exists(app))) await bundle(dir, app)
  return path => (path.startsWith('/app/') ? join(app, path.slice('/app/'.length)) : undefined)
}

async function bundle(dir: string, app: string): Promise<void> {
  const made = await mkdtemp(join(dir, 'image-new-'))
  await bundleFunctions(made)
  // Somebody else may have been quicker, with the same content.
  await rename(made, app).catch(async (error: unknown) => {
    await rm(made, { recursive: true, force: true })
    if (!(await exists(app))) throw error
  })
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
