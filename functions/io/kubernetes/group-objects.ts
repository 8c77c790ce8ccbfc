import type { ObjectStore } from './object-store.ts'

/**
 * Follows a store, from when it is empty, and finds its objects by a group that they are in, without a look at all the others. An
 * object may be in several groups, and in others after each change.
 */
export function groupObjects<T>(
  store: Pick<ObjectStore<T>, 'onChange'>,
  groupsOf: (value: T) => readonly string[],
): (group: string) => readonly T[] {
  const members = new Map<string, Map<string, T>>()
  const groups = new Map<string, readonly string[]>()

  function leave(key: string): void {
    for (const group of groups.get(key) ?? []) {
      const others = members.get(group)
      others?.delete(key)
      if (others?.size === 0) members.delete(group)
    }
    groups.delete(key)
  }

  store.onChange((key, value) => {
    leave(key)
    if (value === undefined) return
    groups.set(key, groupsOf(value))
    for (const group of groupsOf(value)) members.set(group, (members.get(group) ?? new Map()).set(key, value))
  })
  return group => [...(members.get(group)?.values() ?? [])]
}
