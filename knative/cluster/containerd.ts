import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Children } from '../lab/children.ts'
import { waitUntil } from '../lab/wait-until.ts'
import { run } from './command.ts'

/** What containerd needs. */
export interface ContainerdOptions {
  /** Its private directory. */
  readonly dir: string
  /** Holds the images and containers; may be a copy of another's. */
  readonly root: string
  /** Image of the process that holds a pod's namespaces. */
  readonly pauseImage: string
  /** Where CNI's configuration is. */
  readonly cniDir: string
  readonly children: Children
  readonly name: string
  readonly signal: AbortSignal
}

/** A containerd that answers. */
export interface Containerd {
  /** Path of its unix socket. */
  readonly socket: string
}

/** Starts containerd with root, state and socket of its own, and resolves once it answers. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { dir, children, signal, name } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const socket = join(dir, 'containerd.sock')
  const config = join(dir, 'config.toml')
  await writeFile(config, configuration(options, socket))
  children.start({ name, file: 'containerd', args: ['--config', config] })
  const answers = () => run('ctr', ['--address', socket, 'version']).then(() => true as const)
  await waitUntil('containerd answers', answers, { signal })
  return { socket }
}

/** Imports an OCI archive for the kubelet's use. */
export async function importArchive(containerd: Containerd, archive: string): Promise<void> {
  await images(containerd, 'import', archive)
}

/** Removes images, and what only they hold, whether or not they are there. */
export async function removeImages(containerd: Containerd, names: readonly string[]): Promise<void> {
  await images(containerd, 'remove', '--sync', ...names)
}

async function images({ socket }: Containerd, ...args: readonly string[]): Promise<void> {
  await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', ...args], { timeoutMs: 120_000 })
}

function configuration({ dir, root, pauseImage, cniDir }: ContainerdOptions, socket: string): string {
  const text = JSON.stringify // a TOML string, for paths
  return `version = 2
root = ${text(root)}
state = ${text(join(dir, 'state'))}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = ${text(socket)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(join(dir, 'opt'))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  disable_apparmor = true
  # Where this process may not lower an OOM score, as in a container, no pod would start.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${text(cniDir)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`
}
