import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../../package.json' with { type: 'json' }
import { thirdPartyNotices } from '../../tsnet-node/scripts/notices.ts'
import { buildGo } from '../../tsnet-node/src/build-go.ts'
import { programs } from '../../tsnet-node/src/helper-cache.ts'
import { bundleFunctions } from '../bundle/bundle-functions.ts'
import { baseLayer, nonroot } from './base-layer.ts'
import { type DebianPackage, type Distribution, fetchDebian, readDistribution } from './fetch-debian.ts'
import { type FetchedNode, fetchNode } from './fetch-node.ts'
import type { Image } from './oci-archive.ts'
import type { Layer } from './plan-layer.ts'
import type { ImagePlatform } from './platform.ts'

const license = fileURLToPath(new URL('../../LICENSE', import.meta.url))
const helperPath = '/usr/local/bin/tsnet-helper'

/** How a container of the image is started, on every platform; the Dockerfile says the same. */
export const settings = {
  user: `${nonroot}:${nonroot}`,
  workdir: '/app',
  env: { PATH: '/usr/local/bin', TSNET_NODE_HELPER: helperPath },
  labels: {
    'org.opencontainers.image.title': manifest.name,
    'org.opencontainers.image.description': manifest.description,
    'org.opencontainers.image.version': manifest.version,
    'org.opencontainers.image.licenses': manifest.license,
  },
} as const satisfies Partial<Image>

/** What the image of a platform is made of. */
export interface ImageParts {
  readonly platform: ImagePlatform
  readonly node: FetchedNode
  readonly packages: readonly DebianPackage[]
  readonly distribution: Distribution
  /** The tsnet helper's executable. */
  readonly helper: string
  /** The files that the functions' bundles are made from, relative to the repository. */
  readonly sources: readonly string[]
  readonly layers: readonly Layer[]
}

export interface MakeImageParts {
  /** Folder for what is fetched. */
  readonly cache: string
  /** Folder for the functions' bundles, which must last as long as the layers are read. */
  readonly scratch: string
  readonly log: (line: string) => void
}

/** Gathers all that one image with every function holds: base, Node.js, helper, functions, each a layer. */
export async function makeImageParts(
  platform: ImagePlatform,
  { cache, scratch, log }: MakeImageParts,
): Promise<ImageParts> {
  const [packages, distribution, node] = await Promise.all([
    fetchDebian(platform.architecture, cache),
    readDistribution(),
    fetchNode(platform, cache),
  ])
  const helper = await buildGo({ ...programs.helper, platform: platform.node, log })
  const bundles = join(scratch, platform.architecture)
  const { inputs } = await bundleFunctions(bundles)
  const layers = [
    await baseLayer(platform, packages, distribution),
    [
      { path: '/usr/local/bin/node', source: node.executable, mode: 0o755 },
      { path: '/usr/share/doc/node/LICENSE', source: node.license, mode: 0o644 },
    ],
    [
      { path: helperPath, source: helper, mode: 0o755 },
      {
        path: '/usr/share/doc/tsnet-helper/NOTICE',
        source: Buffer.from(await thirdPartyNotices(helper, platform.node)),
        mode: 0o644,
      },
    ],
    await functionsLayer(bundles),
  ]
  return { platform, node, packages, distribution, helper, sources: inputs, layers }
}

async function functionsLayer(dir: string): Promise<Layer> {
  return [
    ...(await readdir(dir)).map(name => ({ path: `/app/${name}`, source: join(dir, name), mode: 0o644 })),
    { path: '/usr/share/doc/tka/LICENSE', source: license, mode: 0o644 },
  ]
}
