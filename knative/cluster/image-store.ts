import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { runChildren } from '../lab/children.ts'
import { run } from './command.ts'
import { importArchive, removeImages, startContainerd } from './containerd.ts'
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
  /** Runs it in the cluster's namespaces: unpacking an image makes mounts. */
  readonly within: readonly string[]
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Makes a containerd root that holds these images, unpacked. They are imported once and kept; each cluster gets links to
 * the files, which overlayfs never changes, and a copy of containerd's two databases, so that no cluster sees anything
 * of another.
 */
export async function makeImageStore(options: ImageStoreOptions): Promise<void> {
  const kept = join(options.cacheDir, 'root')
  const missing = await missingImages(options)
  if (missing.length > 0) await importMissing(options, kept, missing)
  await linkStore(kept, options.root)
}

const databases = [
  'io.containerd.metadata.v1.bolt/meta.db',
  'io.containerd.snapshotter.v1.overlayfs/metadata.db',
] as const

async function linkStore(from: string, to: string): Promise<void> {
  await run('cp', ['--archive', '--link', from, to], { timeoutMs: 120_000 })
  for (const database of databases) {
    await rm(join(to, database))
    await copyFile(join(from, database), join(to, database))
  }
}

/** Paths of the kept images' programs, by the image's name: programs lie in directories named by what they are made of. */
const Contents = v.record(v.string(), v.string())
const contentsFile = ({ cacheDir }: ImageStoreOptions) => join(cacheDir, 'contents.json')

async function missingImages(options: ImageStoreOptions): Promise<readonly ProgramImage[]> {
  const text = await readFile(contentsFile(options), 'utf8').catch(() => '{}')
  const contents = v.parse(Contents, JSON.parse(text))
  return options.images.filter(({ name, program }) => contents[name] !== options.programs[program])
}

/** Imports what the kept store lacks into a copy of it, with a containerd of its own, and keeps that instead. */
async function importMissing(
  options: ImageStoreOptions,
  kept: string,
  missing: readonly ProgramImage[],
): Promise<void> {
  const { cacheDir, dir, images, programs, progress } = options
  const began = performance.now()
  const next = join(cacheDir, 'next')
  await rm(next, { recursive: true, force: true })
  await Promise.all([cacheDir, dir].map(each => mkdir(each, { recursive: true })))
  if (await exists(contentsFile(options))) await linkStore(kept, next)
  await importAll(options, next, missing)
  // Whoever dies in between leaves a store without contents, which counts for nothing.
  await rm(contentsFile(options), { force: true })
  await rm(kept, { recursive: true, force: true })
  await rename(next, kept)
  const contents = Object.fromEntries(images.map(({ name, program }) => [name, programs[program]]))
  await writeFile(contentsFile(options), JSON.stringify(contents))
  progress(`imported ${missing.length} images in ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

async function importAll(
  { dir, programs, within, signal }: ImageStoreOptions,
  root: string,
  images: readonly ProgramImage[],
): Promise<void> {
  await using children = runChildren({ logDir: dir, withParent: programs['with-parent'] ?? 'with-parent', within })
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
  await removeImages(
    containerd,
    images.map(({ name }) => name),
  )
  // One is packed while the one before it is imported: each keeps about one core busy.
  let importing = Promise.resolve()
  for (const image of images) {
    either.throwIfAborted()
    const archive = await packProgram(image, programs[image.program] ?? image.program, dir)
    await importing
    importing = importArchive(containerd, archive).then(() => rm(archive))
    importing.catch(() => {}) // awaited next
  }
  await importing
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
