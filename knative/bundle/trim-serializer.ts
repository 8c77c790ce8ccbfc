/**
 * The generated ObjectSerializer without the models that are not `used`. What it does not know it would pass on as it is: a model
 * that was left out throws instead. Throws when the library's code is not as expected.
 */
export function trimSerializer(source: string, used: ReadonlySet<string>): string {
  const entry = /^ {4}"(\w+)": \1,\n/gm
  const leftOut = Array.from(source.matchAll(entry), ([, name = '']) => name).filter(name => !used.has(name))
  const known = 'if (!typeMap[type]) {'
  const parts = source.replaceAll(entry, (line, name) => (used.has(name) ? line : '')).split(known)
  if (leftOut.length === 0 || parts.length !== 3) throw new Error('ObjectSerializer.js is not what it was')
  return `${parts.join(`${known} if (leftOut.has(type)) throw new Error(type + ' was left out of the bundle');`)}
const leftOut = new Set(${JSON.stringify(leftOut.join(' '))}.split(' '));
`
}
