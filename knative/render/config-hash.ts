import { createHash } from 'node:crypto'
import { mergeFiles } from './merge-files.ts'

/**
 * Tells configurations apart: 16 hexadecimal digits of what the files of a ConfigMap say together. Comments, the order of keys and
 * the file that a value stands in make no difference.
 */
export function configHash(files: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(mergeFiles(files), sortKeys)
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
