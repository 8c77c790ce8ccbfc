import { createHash } from 'node:crypto'
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Children, runChildren } from '../lab/children.ts'
import { run } from './command.ts'
import { importArchive, startContainerd } from './containerd.ts'
import { type ProgramImage, packProgram, pauseImage } from './images.ts'

/** What an image store needs. */
export interface ImageStoreOptions {
  /** Directory that outlives the cluster, on the file system of `root`. */
  readonly cacheDir: string
  /** Fresh private directory for work. */
  readonly dir: string
  /** Where containerd's root is made. */
  readonly root: string
  readonly images: readonly ProgramImage[]
  /** Paths of the programs in them, and of `with-parent`. */
  readonly programs: Readonly<Record<string, string>>
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Makes a containerd root that holds these images, unpacked. They are imported once and kept; each cluster gets links to
 * the files, which overlayfs never changes, and a copy of containerd's two databases, so that no cluster sees anything
 * of another.
 */
export async function makeImageStore(options: ImageStoreOptions): Promise<void> {
  const kept = join(options.cacheDir, storeKey(options))
  if (!(await exists(kept))) await importAll(options, kept)
  await run('cp', ['--archive', '--link', kept, options.root], { timeoutMs: 120_000 })
  for (const database of databases) {
    const path = join(options.root, database)
    await rm(path)
    await copyFile(join(kept, database), path)
  }
}

const databases = [
  'io.containerd.metadata.v1.bolt/meta.db',
  'io.containerd.snapshotter.v1.overlayfs/metadata.db',
] as const

/** Programs lie in directories named by what they are made of. */
function storeKey({ images, programs }: ImageStoreOptions): string {
  const contents = images.map(({ name, program }) => [name, programs[program]])
  return createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, 20)
}

/** With a containerd of its own, and one store at a time: what other versions left goes first. */
async function importAll(options: ImageStoreOptions, kept: string): Promise<void> {
  const { cacheDir, dir, images, programs, progress, signal } = options
  const began = performance.now()
  await rm(cacheDir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  const root = join(cacheDir, 'new')
  {
    await using children: Children = runChildren({ logDir: dir, withParent: programs['with-parent'] ?? 'with-parent' })
    const either = AbortSignal.any([signal, children.failed])
    const containerd = await startContainerd({
      name: 'containerd',
      dir: join(dir, 'containerd'),
      root,
      pauseImage: pauseImage.name,
      cniDir: dir,
      children,
      signal: either,
    })
    for (const image of images) {
      either.throwIfAborted()
      const archive = await packProgram(image, programs[image.program] ?? image.program, dir)
      await importArchive(containerd, archive)
      await rm(archive)
    }
  }
  await rename(root, kept)
  await rm(dir, { recursive: true })
  progress(`imported ${images.length} images in ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
