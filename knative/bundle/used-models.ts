import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { trimMethods } from './trim-methods.ts'

/**
 * Names of the generated models that can get into or out of a call: those that the named methods of the named APIs write or
 * read, and what these consist of. `library` is the folder of its compiled code.
 */
export async function usedModels(words: ReadonlySet<string>, library: string): Promise<ReadonlySet<string>> {
  const used = new Set<string>()
  const waiting: string[] = []
  for (const api of [...words].filter(word => /^\w+V\d\w*Api$/.test(word))) {
    const source = await readFile(join(library, 'gen/apis', `${api}.js`), 'utf8')
    waiting.push(...typesIn(trimMethods(source, words)))
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const file = join(library, 'gen/models', `${name}.js`)
    if (used.has(name) || !existsSync(file)) continue // `Date` and the like are no models
    used.add(name)
    waiting.push(...fieldTypesIn(await readFile(file, 'utf8')))
  }
  return used
}

/** What an API's code gives to the serializer. */
function typesIn(apiSource: string): readonly string[] {
  const calls = apiSource.matchAll(/ObjectSerializer\.(?:de)?serialize\(.*, "([^"]+)", "[^"]*"\)/g)
  return Array.from(calls, ([, type = '']) => namesIn(type)).flat()
}

function fieldTypesIn(modelSource: string): readonly string[] {
  return Array.from(modelSource.matchAll(/^ {8}"type": "(.*)",$/gm), ([, type = '']) => namesIn(type)).flat()
}

/** `{ [key: string]: Array<V1Foo>; }` is about `V1Foo`. */
function namesIn(type: string): readonly string[] {
  return type.match(/\b[A-Z]\w*\b/g) ?? []
}
