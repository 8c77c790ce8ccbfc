import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What, besides the module's own files, decides the bytes of a compiled program. */
export interface BuildInputs {
  /** Folder of the Go module: its go.mod and go.sum count, and its .go files if `package` is a path inside it. */
  readonly module: string
  readonly package: string
  /** Flags of `go build`. */
  readonly flags: readonly string[]
  readonly goVersion: string
  readonly platform: string
}

/** Names a compiled program by its inputs: equal inputs, equal name (20 hex digits of SHA-256). */
export async function buildKey(inputs: BuildInputs): Promise<string> {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([inputs.package, inputs.flags, inputs.goVersion, inputs.platform]))
  for (const file of await sources(inputs)) {
    const bytes = await readFile(join(inputs.module, file))
    hash.update(`\n${file} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex').slice(0, 20)
}

async function sources({ module, package: path }: BuildInputs): Promise<readonly string[]> {
  const files = await readdir(module, { recursive: true })
  const pins = ['go.mod', 'go.sum'].filter(name => files.includes(name)) // no go.sum without dependencies
  if (!path.startsWith('.')) return pins
  return [...pins, ...files.filter(file => file.endsWith('.go') && !file.endsWith('_test.go')).sort()]
}
