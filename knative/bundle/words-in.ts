import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Every word in the sources below a folder, tests apart: whatever is called there by name is among them. */
export async function wordsIn(folder: string): Promise<ReadonlySet<string>> {
  const words = new Set<string>()
  for await (const file of glob('**/!(*.test).ts', { cwd: folder })) {
    for (const [word] of (await readFile(join(folder, file), 'utf8')).matchAll(/\w+/g)) words.add(word)
  }
  return words
}
