const first = 'config.yaml'

/** The files of a configuration, of all that are beside each other, in the order in which each is put over those before. */
export function configFiles(names: readonly string[]): readonly string[] {
  return [first, ...names.filter(name => name.endsWith('.yaml') && name !== first).sort()]
}

/**
 * Puts one fragment of a configuration over another: mappings merge key by key, everything else, lists too, is replaced whole.
 * What is no mapping at the top counts as it is, for the schema to refuse.
 */
export function mergeConfig(under: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return under
  if (!isMapping(under) || !isMapping(over)) return over
  const keys = new Set([...Object.keys(under), ...Object.keys(over)])
  return Object.fromEntries([...keys].map(key => [key, mergeConfig(under[key], over[key])]))
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
