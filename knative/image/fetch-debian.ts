import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeOnce } from './make-once.ts'
import { runTool } from './run-tool.ts'

/** What Node.js is linked with, and the package that holds the licence of two of them. */
const wanted = ['libc6', 'libgcc-s1', 'libstdc++6'] as const
const licences = /^gcc-\d+-base$/

const apt = { whence: 'the image takes the C libraries from Debian packages; build it on Debian or Ubuntu' }
const listsLastMs = 24 * 60 * 60 * 1000

/** Where the packages come from: Debian, or one made from it. */
export interface Distribution {
  /** os-release(5), whole. */
  readonly release: string
  /** Its ID and VERSION_ID: `debian`, `12`. */
  readonly id: string
  readonly version: string
}

/** The distribution of this machine, whose apt sources the packages are fetched from. */
export async function readDistribution(): Promise<Distribution> {
  const release = await readFile('/etc/os-release', 'utf8')
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1] ?? ''
  return { release, id: field('ID'), version: field('VERSION_ID') }
}

/** A package of the machine's own distribution, unpacked. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** Its entry in a list of installed packages (deb-control(5)). */
  readonly control: string
  /** Its files are below this folder. */
  readonly dir: string
}

/**
 * The newest packages of the C libraries for a platform that the machine's apt sources offer, signed as apt wants them.
 * They and the lists that they are found in (read again after a day) are kept in `cache`: nothing is installed, root is not
 * needed, and dpkg need not know the architecture.
 */
export async function fetchDebian(architecture: string, cache: string): Promise<readonly DebianPackage[]> {
  const state = join(cache, `apt-${architecture}`)
  const options = await readLists(state, architecture)
  const base = (await runTool('apt-cache', [...options, 'depends', 'libgcc-s1'], apt))
    .split(/\s+/)
    .filter(name => licences.test(name))
  const uris = await runTool('apt-get', [...options, 'download', '--print-uris', ...wanted, ...base], apt)
  const archives = Array.from(uris.matchAll(/^'\S+' (\S+\.deb) /gm), ([, archive = '']) => archive).sort()
  if (archives.length < wanted.length) {
    throw new Error(`apt offers no ${wanted.join(', ')} for ${architecture}: its sources lack that architecture`)
  }
  return Promise.all(archives.map(archive => unpack(archive, options, cache)))
}

/** Options for apt to work in a state of its own; its lists are read when there are none, or old ones. */
async function readLists(state: string, architecture: string): Promise<readonly string[]> {
  const options = [
    `Dir::State=${state}/state`,
    `Dir::Cache=${state}/cache`,
    // As if nothing were installed.
    `Dir::State::status=${state}/status`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    // Downloads go to our folder, where apt's own user may not write.
    `APT::Sandbox::User=`,
    'Acquire::Languages=none',
  ].flatMap(option => ['--option', option])
  const stamp = join(state, 'read')
  const read = await stat(stamp).catch(() => undefined)
  if (read && Date.now() - read.mtimeMs < listsLastMs) return options
  for (const dir of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(state, dir), { recursive: true })
  await writeFile(join(state, 'status'), '')
  await runTool('apt-get', [...options, '--error-on=any', 'update'], apt)
  await writeFile(stamp, '')
  return options
}

/** An archive's name says package, version and architecture: `libc6_2.36-9_amd64.deb`. */
async function unpack(archive: string, options: readonly string[], cache: string): Promise<DebianPackage> {
  const [name = ''] = archive.split('_')
  const whole = await makeOnce(join(cache, archive.replace(/\.deb$/, '')), async fresh => {
    await runTool('apt-get', [...options, 'download', name], { ...apt, cwd: fresh })
    await runTool('dpkg-deb', ['--raw-extract', archive, 'root'], { ...apt, cwd: fresh })
    await rename(join(fresh, 'root/DEBIAN'), join(fresh, 'control'))
    await rm(join(fresh, archive))
  })
  const control = await readFile(join(whole, 'control/control'), 'utf8')
  const version = /^Version: (\S+)$/m.exec(control)?.[1]
  if (version === undefined) throw new Error(`${archive} says no version`)
  return { name, version, control, dir: join(whole, 'root') }
}
