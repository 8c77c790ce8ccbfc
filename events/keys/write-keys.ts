import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GeneratedKeys } from './generate-keys.ts'

/**
 * Writes keys as files: `<function>.jwk.json` for each private key, readable by its owner alone, and `jwks.json`.
 * Gives the paths written. Rejects, and writes nothing, when one of them exists.
 */
export async function writeKeys(dir: string, keys: GeneratedKeys): Promise<readonly string[]> {
  const files = [
    { path: join(dir, 'jwks.json'), content: keys.public, mode: 0o644 },
    ...keys.private.map(jwk => ({ path: join(dir, `${jwk.function}.jwk.json`), content: jwk, mode: 0o600 })),
  ]
  for (const { path } of files) {
    if (await exists(path)) throw new Error(`${path} exists, and keys are never overwritten`)
  }
  await mkdir(dir, { recursive: true, mode: 0o700 })
  for (const { path, content, mode } of files) {
    await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`, { flag: 'wx', mode })
  }
  return files.map(({ path }) => path)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
