import type { ImageParts } from './app-image.ts'
import type { WrittenImage } from './oci-archive.ts'

const names = ['base', 'node', 'helper', 'functions']

/** What went into an image, and the size of each layer as it is sent and as it lies on a node's disk. */
export function reportImage({ node, packages }: ImageParts, { architecture, layers }: WrittenImage): readonly string[] {
  const rows = layers.map(({ size, unpacked }, index) => row(names[index] ?? '', size, unpacked))
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0)
  return [
    `linux/${architecture}: Node.js ${node.version}, ${packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
    ...rows,
    row('total', sum(layers.map(({ size }) => size)), sum(layers.map(({ unpacked }) => unpacked))),
  ]
}

function row(name: string, size: number, unpacked: number): string {
  return `  ${name.padEnd(10)}${megabytes(size)} MB compressed ${megabytes(unpacked)} MB unpacked`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1).padStart(6)
}
