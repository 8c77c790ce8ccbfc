/** A regular file: its content is the file at path `source` on this machine, or the bytes themselves. */
interface FileEntry {
  readonly path: string
  readonly source: string | Uint8Array
  readonly mode: number
}

interface DirectoryEntry {
  readonly path: string
  readonly mode: number
}

interface SymlinkEntry {
  readonly path: string
  readonly target: string
}

export type LayerEntry = FileEntry | DirectoryEntry | SymlinkEntry

/** What one layer of an image adds; paths are absolute in the image, and missing parents are made with mode 0755. */
export type Layer = readonly LayerEntry[]

/**
 * The layer's entries as the tar carries them: relative paths, in byte order, each directory before what it holds, so
 * that equal layers make equal tars. Throws on a path that is not plain and absolute, that occurs twice, or that lies
 * below one that is no directory.
 */
export function planLayer(layer: Layer): readonly LayerEntry[] {
  const planned = new Map<string, LayerEntry>()
  for (const entry of layer) {
    const path = relative(entry.path)
    if (planned.has(path)) throw new Error(`${entry.path} occurs twice in one layer`)
    planned.set(path, { ...entry, path })
  }
  for (const path of [...planned.keys()]) {
    for (const parent of parents(path)) {
      const held = planned.get(parent)
      if (!held) planned.set(parent, { path: parent, mode: 0o755 })
      else if ('source' in held || 'target' in held)
        throw new Error(`/${path} lies below /${parent}, which is no directory`)
    }
  }
  return [...planned.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function relative(path: string): string {
  const [root, ...names] = path.split('/')
  const plain = root === '' && names.every(name => name !== '' && name !== '.' && name !== '..')
  if (!plain) throw new Error(`${path} is not a plain absolute path in an image`)
  return names.join('/')
}

function parents(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}
