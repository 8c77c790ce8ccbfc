import type { Platform } from '../../tsnet-node/src/helper-cache.ts'

/** A platform that the image is made for, in the words of each of those whose parts go into it. */
export interface ImagePlatform {
  /** As OCI and Debian call it. */
  readonly architecture: 'amd64' | 'arm64'
  /** As Node.js does. */
  readonly node: Platform
  /** The optional dependency in package.json that carries Node.js itself. */
  readonly nodeDependency: string
  /** Debian's folder of libraries. */
  readonly multiarch: string
  /** The dynamic linker, where the ABI has it. */
  readonly linker: string
}

/** By the name that `docker build --platform` takes. */
export const imagePlatforms: ReadonlyMap<string, ImagePlatform> = new Map([
  [
    'linux/amd64',
    {
      architecture: 'amd64',
      node: { os: 'linux', arch: 'x64' },
      nodeDependency: 'node',
      multiarch: 'x86_64-linux-gnu',
      linker: '/lib64/ld-linux-x86-64.so.2',
    },
  ],
  [
    'linux/arm64',
    {
      architecture: 'arm64',
      node: { os: 'linux', arch: 'arm64' },
      nodeDependency: 'node-arm64',
      multiarch: 'aarch64-linux-gnu',
      linker: '/lib/ld-linux-aarch64.so.1',
    },
  ],
])
