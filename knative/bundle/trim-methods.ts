const comment = /^ {4}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm
const method = /^ {4}(?:async )?(\w+)\(.*\) \{\n[\s\S]*?^ {4}\}\n/gm

/** The generated classes of an API without the methods that are not among `words`, and without comments. */
export function trimMethods(source: string, words: ReadonlySet<string>): string {
  return source
    .replaceAll(comment, '')
    .replaceAll(method, (text, name: string) => (name === 'constructor' || isNamed(name, words) ? text : ''))
}

/** Each method has one beside it that gives the whole answer. */
function isNamed(name: string, words: ReadonlySet<string>): boolean {
  return words.has(name.replace(/WithHttpInfo$/, ''))
}
