import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { takeLock } from '../lab/lock.ts'
import { readControllers } from './cgroups.ts'
import { run } from './command.ts'

/** What a cluster takes from the system: a Debian package each, and a file by which it is known. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/ptp',
  iptables: 'iptables',
  nftables: 'nft',
  conntrack: 'conntrack',
  socat: 'socat',
  iproute2: 'ip',
  openssl: 'openssl',
}

/** How to look. */
interface WhyNoClusterOptions {
  readonly progress?: (line: string) => void
}

/**
 * Whether this machine can run a cluster: `undefined`, or the one reason why not, for the `skip` of a test. Installs the
 * Debian packages that are missing where it may.
 *
 * @example
 * describe('a pod', { skip: await whyNoCluster() }, () => {})
 */
export async function whyNoCluster({ progress = () => {} }: WhyNoClusterOptions = {}): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a cluster needs Linux'
  if (process.getuid?.() !== 0) return 'a cluster needs root: its kubelet makes mounts, links and cgroups'
  return (await lackingPackages(progress)) ?? (await lackingCgroups()) ?? (await lackingNamespaces())
}

async function lackingPackages(progress: (line: string) => void): Promise<string | undefined> {
  await using _lock = await takeLock('cluster packages')
  const missing = await missingPackages()
  if (missing.length === 0) return undefined
  const lacking = `a cluster needs the Debian packages ${missing.join(' ')}`
  if (!(await isFound('apt-get'))) return lacking
  progress(`installing the Debian packages ${missing.join(' ')}`)
  const failure = await install(missing).then(
    () => undefined,
    (error: unknown) => firstLine(error),
  )
  const still = await missingPackages()
  return still.length === 0 ? undefined : `${lacking}: ${failure ?? `apt-get does not bring ${still.join(' ')}`}`
}

async function install(missing: readonly string[]): Promise<void> {
  const aptGet = (...args: readonly string[]) =>
    run('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '--quiet', '--yes', ...args], { timeoutMs: 300_000 })
  const getThem = () => aptGet('install', '--no-install-recommends', ...missing)
  // Where it never ran, or long ago, the lists of packages are missing or old.
  await getThem().catch(() => aptGet('update').then(getThem))
}

async function missingPackages(): Promise<readonly string[]> {
  const found = await Promise.all(Object.values(packages).map(isFound))
  return Object.keys(packages).filter((_, at) => !found[at])
}

async function isFound(program: string): Promise<boolean> {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  const paths = program.startsWith('/') ? [program] : dirs.map(dir => join(dir, program))
  const looks = paths.map(path => access(path, constants.X_OK).then(() => true))
  return Promise.any(looks).catch(() => false)
}

/** What a kubelet does not start without. */
const controllers = ['cpu', 'cpuset', 'memory', 'pids']

async function lackingCgroups(): Promise<string | undefined> {
  const found = await readControllers()
  const missing = controllers.filter(name => !found.includes(name))
  return missing.length > 0 ? `a cluster needs cgroups that it may write, with ${missing.join(', ')}` : undefined
}

async function lackingNamespaces(): Promise<string | undefined> {
  const args = ['--fork', '--pid', '--net', '--mount', '--mount-proc', 'mount', '-t', 'tmpfs', 'tmpfs', '/run']
  return run('unshare', args).then(
    () => undefined,
    (error: unknown) => `a cluster needs namespaces of its own: ${firstLine(error)}`,
  )
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
}
