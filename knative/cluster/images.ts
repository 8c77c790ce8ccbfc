import { join } from 'node:path'
import { writeImageArchive } from '../image/oci-archive.ts'

/** An image that holds one static program. */
export interface ProgramImage {
  /** With its tag: `dev.local/pause:1`. */
  readonly name: string
  /** Name of the program in it. */
  readonly program: string
}

/** Image of the process that holds a pod's namespaces. */
export const pauseImage: ProgramImage = { name: 'dev.local/pause:1', program: 'pause' }

/** Image of cluster DNS. */
export const dnsImage: ProgramImage = { name: 'dev.local/coredns:1', program: 'coredns' }

/** Writes the image's OCI archive into `dir`, from the compiled program at `source`, and resolves to its path. */
export async function packProgram({ name, program }: ProgramImage, source: string, dir: string): Promise<string> {
  const archive = join(dir, `${program}.tar`)
  await writeImageArchive(archive, {
    name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint: [`/${program}`],
    user: '65532:65532',
    layers: [[{ path: `/${program}`, source, mode: 0o755 }]],
  })
  return archive
}
