import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import { type Layer, type LayerEntry, planLayer } from './plan-layer.ts'

/**
 * The layer as an uncompressed tar, streamed from the files on disk. Nothing of this machine gets in but content and
 * the modes that the layer names: everything is owned by 0:0 and dated `epoch` (seconds since 1970).
 */
export function layerTar(layer: Layer, epoch: number): Readable {
  const tar = pack()
  write(tar, planLayer(layer), new Date(epoch * 1000)).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  return Readable.from(tar)
}

async function write(tar: Pack, entries: readonly LayerEntry[], mtime: Date): Promise<void> {
  for (const entry of entries) {
    const owned = { mtime, uid: 0, gid: 0 }
    if ('source' in entry) {
      await add(tar, { ...owned, name: entry.path, type: 'file', mode: entry.mode }, entry.source)
    } else if ('target' in entry) {
      await add(tar, { ...owned, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 })
    } else {
      await add(tar, { ...owned, name: entry.path, type: 'directory', mode: entry.mode })
    }
  }
}

type Header = Parameters<Pack['entry']>[0]

/** Appends one entry to the tar; a path as `content` is streamed from that file. */
export async function add(tar: Pack, header: Header, content: string | Uint8Array = new Uint8Array()): Promise<void> {
  if (typeof content === 'string') {
    const { size } = await stat(content)
    await pipeline(createReadStream(content), tar.entry({ ...header, size }))
  } else {
    await pipeline(Readable.from([content]), tar.entry({ ...header, size: content.byteLength }))
  }
}
