import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtempDisposable, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { pack } from 'tar-stream'
import { add, layerTar } from './layer-tar.ts'
import type { Layer } from './plan-layer.ts'

/** A container image for one platform (OCI image specification 1.1). */
export interface Image {
  /** With its tag, as `docker tag` takes it: `dev.local/tka:1`. */
  readonly name: string
  readonly architecture: 'amd64' | 'arm64'
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  /** Numeric, so that a kubelet can tell that it is not root (`runAsNonRoot`): `65532:65532`. */
  readonly user: string
  readonly workdir?: string
  readonly env?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** From the one that changes least to the one that changes most. */
  readonly layers: readonly Layer[]
  /** The date of everything in it, in seconds since 1970 (SOURCE_DATE_EPOCH); 0 without. */
  readonly epoch?: number
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

interface WrittenLayer extends Descriptor {
  /** Digest of the uncompressed tar. */
  readonly diffId: string
  /** Bytes of the uncompressed tar. */
  readonly unpacked: number
}

export interface WrittenImage {
  readonly architecture: Image['architecture']
  readonly layers: readonly WrittenLayer[]
}

export interface WrittenArchive {
  /** What the image's name stands for: the manifest's digest, or the index's where there are several platforms. */
  readonly digest: string
  /** Of the archive as a file. */
  readonly bytes: number
  readonly images: readonly WrittenImage[]
}

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const

type Content = string | Uint8Array

/** Blobs by digest: a file on disk, or the bytes. */
type Blobs = Map<string, Content>

/**
 * Writes an image as an OCI layout in a tar, which `ctr images import`, `kind load image-archive`, `docker load`,
 * `skopeo` and `podman load` take; several images, of one name and one platform each, become one of several platforms.
 * Equal images make equal bytes (with the same Node.js, whose zstd compresses the layers).
 *
 * @example
 * await writeImageArchive('dist/hello.tar', {
 *   name: 'dev.local/hello:1',
 *   architecture: 'amd64',
 *   entrypoint: ['/hello'],
 *   user: '65532:65532',
 *   layers: [[{ path: '/hello', source: 'build/hello', mode: 0o755 }]],
 * })
 */
export async function writeImageArchive(
  file: string,
  image: Image,
  ...more: readonly Image[]
): Promise<WrittenArchive> {
  const images = [image, ...more]
  for (const { name } of more) if (name !== image.name) throw new Error(`${name} is not ${image.name}`)
  await mkdir(dirname(file), { recursive: true })
  await using scratch = await mkdtempDisposable(`${file}-`)
  const blobs: Blobs = new Map()
  const written = await Promise.all(images.map(each => writeImage(each, blobs, scratch.path)))
  const [only] = written
  const top =
    only && written.length === 1
      ? only.manifest
      : addJson(blobs, mediaTypes.index, {
          manifests: written.map(({ manifest, architecture }) => ({
            ...manifest,
            platform: { architecture, os: 'linux' },
          })),
        })
  const whole = join(scratch.path, 'archive.tar')
  await writeLayout(whole, image, top, blobs)
  await rename(whole, file)
  const { size } = await stat(file)
  return {
    digest: top.digest,
    bytes: size,
    images: written.map(({ architecture, layers }) => ({ architecture, layers })),
  }
}

async function writeImage(image: Image, blobs: Blobs, dir: string): Promise<WrittenImage & { manifest: Descriptor }> {
  const epoch = image.epoch ?? 0
  const layers: WrittenLayer[] = []
  for (const [index, layer] of image.layers.entries()) {
    const file = join(dir, `${image.architecture}-${index}`)
    const written = await writeLayer(file, layer, epoch)
    blobs.set(written.digest, file)
    layers.push(written)
  }
  const config = addJson(blobs, mediaTypes.config, {
    architecture: image.architecture,
    os: 'linux',
    created: new Date(epoch * 1000).toISOString(),
    config: {
      User: image.user,
      Env: Object.entries(image.env ?? {}).map(([name, value]) => `${name}=${value}`),
      Entrypoint: image.entrypoint,
      Cmd: image.cmd,
      WorkingDir: image.workdir ?? '/',
      Labels: image.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
  const manifest = addJson(blobs, mediaTypes.manifest, {
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    annotations: image.labels,
  })
  return { architecture: image.architecture, layers, manifest }
}

async function writeLayer(file: string, layer: Layer, epoch: number): Promise<WrittenLayer> {
  const tar = new Measure()
  const compressed = new Measure()
  await pipeline(
    layerTar(layer, epoch),
    tar.through,
    createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: compressionLevel } }),
    compressed.through,
    createWriteStream(file),
  )
  return {
    mediaType: mediaTypes.layer,
    digest: compressed.digest(),
    size: compressed.bytes,
    diffId: tar.digest(),
    unpacked: tar.bytes,
  }
}

const compressionLevel = 3

/** Digest and length of what goes through it. */
class Measure {
  readonly #hash = createHash('sha256')
  bytes = 0

  readonly through = async function* (this: Measure, source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      this.#hash.update(chunk)
      this.bytes += chunk.byteLength
      yield chunk
    }
  }.bind(this)

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }
}

/** A document with its media type inside (all but the config have it there), as a blob. */
function addJson(blobs: Blobs, mediaType: string, document: object): Descriptor {
  const versioned = mediaType === mediaTypes.config ? document : { schemaVersion: 2, mediaType, ...document }
  const bytes = Buffer.from(JSON.stringify(versioned))
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  blobs.set(digest, bytes)
  return { mediaType, digest, size: bytes.byteLength }
}

async function writeLayout(file: string, { name, epoch = 0 }: Image, top: Descriptor, blobs: Blobs): Promise<void> {
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  }
  const files: readonly (readonly [string, Content])[] = [
    ['oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }))],
    ...[...blobs]
      .map(([digest, content]) => [`blobs/${digest.replace(':', '/')}`, content] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ]
  const tar = pack()
  const written = pipeline(Readable.from(tar), createWriteStream(file))
  const header = { mode: 0o644, mtime: new Date(epoch * 1000), uid: 0, gid: 0 }
  for (const [path, content] of files) await add(tar, { ...header, name: path }, content)
  tar.finalize()
  await written
}
