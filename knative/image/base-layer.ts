import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import type { DebianPackage, Distribution } from './fetch-debian.ts'
import type { Layer } from './plan-layer.ts'
import type { ImagePlatform } from './platform.ts'

/** By numbers, as Pod Security wants it: a name in the image could be anybody. */
export const nonroot = 65532

/** What `readelf -d` calls NEEDED, in Node.js and in these themselves; the dynamic linker apart. */
const libraries = [
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'libstdc++.so.6',
] as const

/** What Node.js and the helper expect of a Linux: C libraries, root certificates, names of users, a place for files. */
export async function baseLayer(
  platform: ImagePlatform,
  packages: readonly DebianPackage[],
  distribution: Distribution,
): Promise<Layer> {
  const linker = platform.linker.slice(platform.linker.lastIndexOf('/') + 1)
  return [
    await library(linker, platform.linker, platform, packages),
    ...(await Promise.all(libraries.map(name => library(name, `/lib/${name}`, platform, packages)))),
    ...(await Promise.all(packages.map(accompanying))).flat(),
    text('/etc/passwd', [
      'root:x:0:0:root:/:/sbin/nologin',
      `nonroot:x:${nonroot}:${nonroot}:nonroot:/tmp:/sbin/nologin`,
    ]),
    text('/etc/group', ['root:x:0:', `nonroot:x:${nonroot}:`]),
    // Without it the C library asks the DNS before it looks into /etc/hosts.
    text('/etc/nsswitch.conf', ['hosts: files dns']),
    // The roots that Node.js trusts, where Go looks for its own.
    text('/etc/ssl/certs/ca-certificates.crt', getCACertificates('bundled')),
    // Scanners take the packages' distribution from it.
    { path: '/etc/os-release', source: Buffer.from(distribution.release), mode: 0o644 },
    { path: '/tmp', mode: 0o1777 },
  ]
}

async function library(
  name: string,
  path: string,
  { multiarch }: ImagePlatform,
  packages: readonly DebianPackage[],
): Promise<Layer[number]> {
  const places = packages.flatMap(({ dir }) => ['lib', 'usr/lib'].map(lib => join(dir, lib, multiarch, name)))
  const found = places.find(place => existsSync(place))
  if (found === undefined) throw new Error(`no ${name} in ${packages.map(each => each.name).join(', ')}`)
  return { path, source: await realpath(found), mode: 0o755 }
}

/** A package's licence, and its entry where scanners look for installed packages in an image without dpkg. */
async function accompanying({ name, control, dir }: DebianPackage): Promise<Layer> {
  const copyright = join(dir, 'usr/share/doc', name, 'copyright')
  return [
    text(`/var/lib/dpkg/status.d/${name}`, [control.trimEnd()]),
    ...(existsSync(copyright) ? [{ path: `/usr/share/doc/${name}/copyright`, source: copyright, mode: 0o644 }] : []),
  ]
}

function text(path: string, lines: readonly string[]): Layer[number] {
  return { path, source: Buffer.from(`${lines.map(line => line.trimEnd()).join('\n')}\n`), mode: 0o644 }
}
