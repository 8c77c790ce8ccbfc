import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtempDisposable, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import * as v from 'valibot'
import { goTarget } from '../../tsnet-node/src/build-go.ts'
import { thisPlatform } from '../../tsnet-node/src/helper-cache.ts'
import { runProgram } from '../lab/run-program.ts'
import { type Image, writeImageArchive } from './oci-archive.ts'
import { startContainerd, whyNoContainers } from './testing/containerd.ts'

const scratch = () => mkdtempDisposable(join(tmpdir(), 'image-'))

async function imageOf(dir: string, change: Partial<Image> = {}): Promise<Image> {
  const source = join(dir, 'greeting')
  await writeFile(source, 'hello\n')
  return {
    name: 'dev.local/hello:1',
    architecture: 'amd64',
    entrypoint: ['/hello'],
    user: '65532:65532',
    env: { GREETING: 'good day' },
    labels: { 'org.opencontainers.image.title': 'hello' },
    layers: [[{ path: '/etc/greeting', source, mode: 0o644 }], [{ path: '/tmp', mode: 0o1777 }]],
    ...change,
  }
}

describe('an image archive', () => {
  it('has the same bytes for the same image, whenever and wherever its files were made', async () => {
    await using one = await scratch()
    await using other = await scratch()
    const [first, second] = [join(one.path, 'image.tar'), join(other.path, 'image.tar')]
    const written = await writeImageArchive(first, await imageOf(one.path))
    const image = await imageOf(other.path)
    await utimes(join(other.path, 'greeting'), 1, 1)
    assert.deepEqual(await writeImageArchive(second, image), written)
    assert.deepEqual(await readFile(second), await readFile(first))
  })

  it('has another digest with another date, content or setting', async () => {
    await using dir = await scratch()
    const file = join(dir.path, 'image.tar')
    const changes: readonly Partial<Image>[] = [
      {},
      { epoch: 1 },
      { user: '0:0' },
      { layers: [[{ path: '/etc/greeting', source: Buffer.from('hullo\n'), mode: 0o644 }]] },
    ]
    const digests = new Set<string>()
    for (const change of changes) digests.add((await writeImageArchive(file, await imageOf(dir.path, change))).digest)
    assert.equal(digests.size, changes.length)
  })

  it('leaves nothing beside it', async () => {
    await using dir = await scratch()
    const out = join(dir.path, 'out')
    await writeImageArchive(join(out, 'image.tar'), await imageOf(dir.path))
    const unreadable = [[{ path: '/gone', source: join(dir.path, 'gone'), mode: 0o644 }]]
    const broken = await imageOf(dir.path, { layers: unreadable })
    await assert.rejects(writeImageArchive(join(out, 'broken.tar'), broken), /ENOENT.*gone/)
    assert.deepEqual(await readdir(out), ['image.tar'])
  })

  it('holds every blob under its digest, and the layers that the config counts', async () => {
    await using dir = await scratch()
    const layout = await unpacked(dir.path, await imageOf(dir.path))
    const [top] = v.parse(Index, await layout.json('index.json')).manifests
    assert.equal(top?.annotations?.['io.containerd.image.name'], 'dev.local/hello:1')
    const manifest = v.parse(Manifest, await layout.blob(top?.digest))
    const config = v.parse(Config, await layout.blob(manifest.config.digest))
    const diffIds = await Promise.all(
      manifest.layers.map(async ({ digest }) => digestOf(zstdDecompressSync(await layout.bytes(digest)))),
    )
    assert.deepEqual(config.rootfs.diff_ids, diffIds)
    assert.equal(config.config.User, '65532:65532')
    for (const name of await readdir(join(layout.dir, 'blobs/sha256'))) {
      assert.equal(digestOf(await layout.bytes(`sha256:${name}`)), `sha256:${name}`)
    }
  })

  it('holds one index of the platforms when it has several', async () => {
    await using dir = await scratch()
    const layout = await unpacked(dir.path, await imageOf(dir.path), await imageOf(dir.path, { architecture: 'arm64' }))
    const [top] = v.parse(Index, await layout.json('index.json')).manifests
    const { manifests } = v.parse(Index, await layout.blob(top?.digest))
    assert.deepEqual(
      manifests.map(({ platform }) => platform),
      [
        { architecture: 'amd64', os: 'linux' },
        { architecture: 'arm64', os: 'linux' },
      ],
    )
  })

  it('is of one name', async () => {
    await using dir = await scratch()
    const other = await imageOf(dir.path, { name: 'dev.local/other:1' })
    await assert.rejects(
      writeImageArchive(join(dir.path, 'image.tar'), await imageOf(dir.path), other),
      /dev.local\/other:1 is not dev.local\/hello:1/,
    )
  })

  it('is imported by containerd and runs as it says', { skip: whyNoContainers() ?? false }, async () => {
    await using dir = await scratch()
    await using containerd = await startContainerd()
    const program = { path: '/hello', source: await staticProgram(dir.path), mode: 0o755 }
    const { layers } = await imageOf(dir.path)
    const amd64 = await imageOf(dir.path, { layers: [[program], ...layers] })
    const file = join(dir.path, 'image.tar')
    // A node takes its own platform's part of an index.
    await writeImageArchive(file, amd64, { ...amd64, architecture: 'arm64' })
    await containerd.import(file)
    const { code, stdout, stderr } = await containerd.run('dev.local/hello:1', { readOnly: true })
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '65532:65532 good day: hello\n', stderr: '' })
  })
})

async function staticProgram(dir: string): Promise<string> {
  const source = join(dir, 'hello.go')
  await writeFile(
    source,
    `package main

import ("fmt"; "os")

func main() {
	greeting, _ := os.ReadFile("/etc/greeting")
	fmt.Printf("%d:%d %s: %s", os.Getuid(), os.Getgid(), os.Getenv("GREETING"), greeting)
}
`,
  )
  const program = join(dir, 'hello')
  const env = { ...process.env, CGO_ENABLED: '0', ...goTarget(thisPlatform) }
  const { code, stderr } = await runProgram('go', ['build', '-o', program, source], { env, timeoutMs: 120_000 })
  assert.equal(code, 0, stderr)
  return program
}

const Descriptor = v.object({ digest: v.string() })
const Index = v.object({
  manifests: v.array(
    v.object({
      ...Descriptor.entries,
      annotations: v.optional(v.record(v.string(), v.string())),
      platform: v.optional(v.object({ architecture: v.string(), os: v.string() })),
    }),
  ),
})
const Manifest = v.object({ config: Descriptor, layers: v.array(Descriptor) })
const Config = v.object({
  config: v.object({ User: v.string() }),
  rootfs: v.object({ diff_ids: v.array(v.string()) }),
})

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** The archive as the tar program unpacks it. */
async function unpacked(scratch: string, ...[image, ...more]: readonly [Image, ...Image[]]) {
  const file = join(scratch, 'image.tar')
  await writeImageArchive(file, image, ...more)
  const dir = join(scratch, 'layout')
  await mkdir(dir)
  const { code, stderr } = await runProgram('tar', ['--extract', '--file', file, '--directory', dir])
  assert.equal(code, 0, stderr)
  const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(dir, path), 'utf8'))
  const pathOf = (digest: string | undefined) => `blobs/${digest?.replace(':', '/')}`
  return {
    dir,
    json,
    blob: (digest: string | undefined) => json(pathOf(digest)),
    bytes: (digest: string) => readFile(join(dir, pathOf(digest))),
  }
}
