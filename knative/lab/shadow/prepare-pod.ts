import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, commandOf, type ImageAndNode } from './command.ts'
import { type MountSources, mountVolumes } from './mounts.ts'
import type { PodSpec } from './objects.ts'

/** A Pod whose mounts are written and kept current; disposing of it takes them away. */
export interface Prepared extends AsyncDisposable {
  /** Its process; with the port to listen on, where Serving sets one. */
  readonly command: (port?: number) => Command
}

/** Writes a Pod's mounts below `directory`. Waits for objects that are not there yet. */
export async function preparePod(
  pod: PodSpec,
  options: {
    readonly directory: string
    readonly sources: MountSources
    readonly imageAndNode: Omit<ImageAndNode, 'tmp'>
    readonly signal: AbortSignal
  },
): Promise<Prepared> {
  const { directory, sources, imageAndNode, signal } = options
  const tmp = join(directory, 'tmp')
  await mkdir(tmp, { recursive: true, mode: 0o700 })
  const mounts = await mountVolumes(pod, directory, sources, signal)
  return {
    command: port => {
      const nodeEnv = { ...imageAndNode.nodeEnv, ...(port === undefined ? {} : { PORT: `${port}` }) }
      return commandOf(pod.containers[0], mounts.paths, { ...imageAndNode, nodeEnv, tmp })
    },
    [Symbol.asyncDispose]: async () => {
      await mounts[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
