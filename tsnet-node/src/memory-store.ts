import type { StateStore } from './options.ts'

/** State that lives as long as this process, so that a node without a place for it survives a crash of its helper. */
export function createMemoryStore(): StateStore {
  const values = new Map<string, Uint8Array>()
  return {
    read: async key => values.get(key),
    write: async (key, value) => void (value.length > 0 ? values.set(key, value) : values.delete(key)),
  }
}
