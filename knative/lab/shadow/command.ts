import type { Container } from './objects.ts'

/** What stands for the image and for the node's part of a container's environment. */
export interface ImageAndNode {
  /** The program that the image calls `node`. */
  readonly node: string
  /** File on this machine for a path in the image, `undefined` when the image is not ours to know. */
  readonly imageFile: (path: string) => string | undefined
  /** Environment that the image carries. */
  readonly imageEnv: Readonly<Record<string, string>>
  /** What kubelet and cluster give to every container. */
  readonly nodeEnv: Readonly<Record<string, string>>
  /** Private directory that stands for the container's /tmp. */
  readonly tmp: string
}

/** A process to start: nothing is inherited. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Turns a container into a process: its own environment and arguments, with mounted paths where the mounts really are. */
export function commandOf(
  container: Container,
  mounts: ReadonlyMap<string, string>,
  { node, imageFile, imageEnv, nodeEnv, tmp }: ImageAndNode,
): Command {
  // The longest mount wins, as nested mounts do.
  const byLength = [...mounts].sort(([a], [b]) => b.length - a.length)
  const real = (value: string): string => {
    const mount = byLength.find(([path]) => value === path || value.startsWith(`${path}/`))
    return mount === undefined ? value : mount[1] + value.slice(mount[0].length)
  }
  const [program, ...args] = [...container.command, ...container.args].map(word => imageFile(word) ?? real(word))
  if (program === undefined)
    throw new Error(`container ${container.name} names no command, and there is no image to ask`)
  return {
    file: program === 'node' ? node : program,
    args,
    env: {
      TMPDIR: mounts.get('/tmp') ?? tmp,
      ...imageEnv,
      ...nodeEnv,
      ...Object.fromEntries(container.env.map(({ name, value }) => [name, real(value)])),
      ...ownPorts(container),
    },
  }
}

/** A pod has its ports to itself; here all share one network, so a port that a manifest fixes is any that is free. */
function ownPorts({ env }: Container): Readonly<Record<string, string>> {
  return env.some(({ name }) => name === 'TKA_METRICS_PORT') ? { TKA_METRICS_PORT: '0' } : {}
}
