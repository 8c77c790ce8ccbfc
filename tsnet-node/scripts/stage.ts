import { chmod, copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helperModule, type Platform } from '../src/helper-cache.ts'
import { bundle, declare } from './compile.ts'
import { helperManifest, mainManifest, type PublishedManifest, type SourceManifest } from './manifests.ts'
import { thirdPartyNotices } from './notices.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Reads this package's own package.json. */
export async function readManifest(): Promise<SourceManifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
}

/** Lays the main package out in `dir` as it is published. */
export async function stageMain(dir: string, source: SourceManifest): Promise<void> {
  await Promise.all([bundle(join(dir, 'dist'), source), declare(join(dir, 'dist'))])
  await cp(helperModule, join(dir, 'helper'), { recursive: true, filter: path => isPublishedGo(path) })
  await mkdir(join(dir, 'headscale'))
  for (const file of ['headscale/go.mod', 'headscale/go.sum', 'README.md', 'CHANGELOG.md']) {
    await copyFile(join(root, file), join(dir, file))
  }
  await finish(dir, mainManifest(source))
}

/** Lays the package with one platform's helper out in `dir`. */
export async function stageHelper(
  dir: string,
  source: SourceManifest,
  platform: Platform,
  binary: string,
): Promise<void> {
  await copyFile(binary, join(dir, 'tsnet-helper'))
  await chmod(join(dir, 'tsnet-helper'), 0o755)
  await writeFile(join(dir, 'THIRD-PARTY-NOTICES.txt'), await thirdPartyNotices(binary, platform))
  const manifest = helperManifest(source, platform)
  await writeFile(join(dir, 'README.md'), readmeOfHelper(String(manifest.name)))
  await finish(dir, manifest)
}

/** The programs that only measure stay here. */
function isPublishedGo(path: string): boolean {
  return !/_test\.go$|\/bench[a-z]*$/.test(path)
}

async function finish(dir: string, manifest: PublishedManifest): Promise<void> {
  await copyFile(join(root, '..', 'LICENSE'), join(dir, 'LICENSE'))
  await writeFile(join(dir, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

function readmeOfHelper(name: string): string {
  return `# ${name}

The program that the package \`tsnet-node\` starts on this platform. Install \`tsnet-node\`, which brings it along.
THIRD-PARTY-NOTICES.txt names everybody whose code is in it.
`
}
