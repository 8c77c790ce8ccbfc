/** True when an object says all that another one says: the API server adds defaults, and takes nothing away. */
export function contains(live: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(live) && live.length === expected.length && expected.every((item, at) => contains(live[at], item))
    )
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof live !== 'object' || live === null) return false
    const values = new Map(Object.entries(live))
    return Object.entries(expected).every(([key, value]) => contains(values.get(key), value))
  }
  return live === expected
}
