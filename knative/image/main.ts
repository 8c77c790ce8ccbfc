import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { type ImageParts, makeImageParts, settings } from './app-image.ts'
import { cacheDir } from './cache-dir.ts'
import { writeImageArchive } from './oci-archive.ts'
import { type ImagePlatform, imagePlatforms } from './platform.ts'
import { reportImage } from './report.ts'
import { billOfMaterials } from './sbom.ts'
import { writeRootfs } from './write-rootfs.ts'

const usage = `Usage: node knative/image/main.ts [--platform <list>] [--name <name:tag>] [--out <file>]
       node knative/image/main.ts --rootfs <folder> --platform <platform>

Makes the image that holds every function, without a daemon or a registry, as an OCI archive for \`ctr images import\`,
\`kind load image-archive\`, \`docker load\`, \`podman load\` or \`skopeo copy oci-archive:…\`; beside it the bill of materials
of each platform (CycloneDX). Equal sources and packages make equal bytes. Needs npm, Go, and the apt of Debian ≥ 12 or
Ubuntu ≥ 22.04 with sources for the platforms; what it fetches is kept in \${XDG_CACHE_HOME:-~/.cache}/tka/image.

  --platform <list>  separated by commas: ${[...imagePlatforms.keys()].join(',')} (default: all of them)
  --name <name:tag>  what the image is called where it is imported (default: dev.local/tka:${manifest.version})
  --out <file>       the archive (default: dist/tka.oci.tar)
  --rootfs <folder>  write the image's files there instead, as the Dockerfile does; the folder must not exist
  --help             this text

SOURCE_DATE_EPOCH, in seconds, dates everything in it (default: 1970).`

const { values } = parseArgs({
  options: {
    platform: { type: 'string' },
    name: { type: 'string', default: `dev.local/tka:${manifest.version}` },
    out: { type: 'string', default: 'dist/tka.oci.tar' },
    rootfs: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) console.log(usage)
else await make()

async function make(): Promise<void> {
  const platforms = (values.platform?.split(',') ?? [...imagePlatforms.keys()]).map(named)
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'tka-image-'))
  const cache = cacheDir()
  const log = (line: string) => console.error(line)
  const parts: ImageParts[] = []
  // One after the other: each already uses every core where it compiles.
  for (const platform of platforms) parts.push(await makeImageParts(platform, { cache, scratch: scratch.path, log }))
  if (values.rootfs === undefined) await archive(parts)
  else await rootfs(values.rootfs, parts)
}

function named(name: string): ImagePlatform {
  const platform = imagePlatforms.get(name)
  if (!platform) throw new Error(`--platform: ${name} is none of ${[...imagePlatforms.keys()].join(', ')}`)
  return platform
}

async function rootfs(dir: string, [only, ...more]: readonly ImageParts[]): Promise<void> {
  if (!only || more.length > 0) throw new Error('--rootfs writes one platform: say which by --platform')
  await writeRootfs(dir, only.layers)
  console.log(dir)
}

async function archive(parts: readonly ImageParts[]): Promise<void> {
  const epoch = epochOf(process.env.SOURCE_DATE_EPOCH)
  const [first, ...more] = parts.map(({ platform: { architecture }, layers }) => {
    return { ...settings, name: values.name, architecture, epoch, layers }
  })
  if (!first) throw new Error('--platform names none')
  const { digest, bytes, images } = await writeImageArchive(values.out, first, ...more)
  for (const each of parts) {
    const written = images.find(({ architecture }) => architecture === each.platform.architecture)
    if (written) for (const line of reportImage(each, written)) console.log(line)
    const file = bomFile(values.out, each.platform.architecture)
    await writeFile(file, `${await billOfMaterials(each)}\n`)
    console.log(`  ${file}`)
  }
  console.log(`${values.out}: ${values.name}@${digest}, ${(bytes / 1e6).toFixed(1)} MB`)
}

function bomFile(out: string, architecture: string): string {
  return join(dirname(out), `${basename(out).replace(/(\.oci)?\.tar$/, '')}.linux-${architecture}.cdx.json`)
}

function epochOf(text: string | undefined): number {
  if (!text) return 0
  if (!/^\d{1,11}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH: ${text} is not a number of seconds`)
  return Number(text)
}
