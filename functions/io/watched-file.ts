import { readFile, stat } from 'node:fs/promises'
import { isFresh } from './is-fresh.ts'

/** What a file says, read again when the file is another one. */
export interface WatchedFile<T> {
  /** As of some seconds ago at most. When the new content cannot be used, it stays what it was. */
  current(): Promise<T>
  /** As of now. */
  reread(): Promise<T>
}

export interface WatchedFileOptions<T> {
  readonly parse: (text: string) => Promise<T>
  readonly now: () => number
  /** How long no look is taken, in milliseconds. */
  readonly freshMs?: number
  /** Told when the file has changed for the worse. */
  readonly onBroken: (error: unknown) => void
}

/**
 * Reads a file of a mounted directory. The kubelet exchanges such a file by a symbolic link, so it is a new file that is looked for,
 * at use and not by a watch: a look costs microseconds, needs no timer and misses nothing. Rejects when the first content is unusable.
 */
export async function watchFile<T>(path: string, options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
  const { parse, now, freshMs = 5_000, onBroken } = options
  let seen = await identify(path)
  let value = await parse(await readFile(path, 'utf8'))
  let lookedAt = now()
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    lookedAt = now()
    try {
      const found = await identify(path)
      if (found === seen) return
      const text = await readFile(path, 'utf8')
      // What could be read says the same each time; what could not is read again at the next look.
      seen = found
      value = await parse(text)
    } catch (error) {
      onBroken(error)
    }
  }

  async function reread(): Promise<T> {
    looking ??= look().finally(() => {
      looking = undefined
    })
    await looking
    return value
  }
  return { reread, current: async () => (isFresh(lookedAt, now(), freshMs) ? value : await reread()) }
}

async function identify(path: string): Promise<string> {
  const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path)
  return [dev, ino, size, mtimeMs, ctimeMs].join(' ')
}
