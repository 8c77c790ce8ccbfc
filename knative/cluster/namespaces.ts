import { readlink } from 'node:fs/promises'
import type { Children } from '../lab/children.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { run } from './command.ts'

/** Network, mount and process namespaces of a cluster. */
export interface Namespaces {
  /** Process that holds them; `ip` takes it as the name of the network namespace. */
  readonly holder: number
  /** Put before a command, runs it inside. */
  readonly enter: readonly string[]
}

/** What the namespaces need. */
export interface NamespacesOptions {
  readonly children: Children
  /** Path of `pause`, which reaps what loses its parent. */
  readonly init: string
  readonly signal: AbortSignal
}

/**
 * Makes the namespaces in which everything of a cluster lives, pods included. They end with their first process, which
 * ends with this one, however that ends: the kernel then kills every shim and container in them and takes their mounts
 * and links away. What they write below /run, /var/lib and /var/log is in memory, and seen by nobody outside.
 */
export async function openNamespaces({ children, init, signal }: NamespacesOptions): Promise<Namespaces> {
  children.start({
    name: 'namespaces',
    file: 'unshare',
    args: ['--fork', '--kill-child=SIGKILL', '--pid', '--net', '--mount', '--mount-proc', init],
  })
  const holder = children.pids.namespaces
  if (holder === undefined) throw new Error('unshare was not started')
  const of = (name: string) => `/proc/${holder}/ns/${name}`
  // Not `ip netns exec`: it mounts /sys anew, without the cgroups.
  const enter = ['nsenter', `--net=${of('net')}`, `--mount=${of('mnt')}`, `--pid=${of('pid_for_children')}`, '--']
  const isMade = async () => {
    // Before that, nsenter would enter our own.
    const [theirs, ours] = await Promise.all([readlink(of('pid_for_children')), readlink('/proc/self/ns/pid')])
    if (theirs === ours) return 'no namespaces yet'
    const first = await run('nsenter', [...enter.slice(1), 'cat', '/proc/1/comm'])
    return first === 'pause\n' || `process 1 is ${first}`
  }
  await waitUntil('the namespaces are made', isMade, { signal, timeoutMs: 15_000 })
  await run('nsenter', [...enter.slice(1), 'sh', '-euc', mounts])
  return { holder, enter }
}

/** What a kubelet sets on the whole machine, where it is not so already: it finds it so, and this machine keeps its own. */
export const kernelSettings = {
  'kernel/keys/root_maxbytes': 25_000_000,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
} as const

/** Shared, so that a mount of the kubelet reaches the containers that ask for it (mount propagation). */
const mounts = `
mount --make-rshared /
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/netns
for dir in lib log; do
  mkdir -p /run/over/$dir /run/work/$dir
  mount -t overlay -o lowerdir=/var/$dir,upperdir=/run/over/$dir,workdir=/run/work/$dir overlay /var/$dir
done
set_here() {
  mkdir -p "/run/sys/$1"
  echo "$2" > "/run/sys/$1/value"
  mount --bind "/run/sys/$1/value" "/proc/sys/$1"
}
${Object.entries(kernelSettings)
  .map(([name, value]) => `set_here ${name} ${value}`)
  .join('\n')}
`
