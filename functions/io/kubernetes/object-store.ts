/** What a store keeps of an object, under a key that is unique among the objects it watches. */
export interface StoredObject<T> {
  readonly key: string
  readonly uid: string
  readonly resourceVersion: string
  /** `undefined` when the object is of no interest (any more). */
  readonly value: T | undefined
}

/**
 * Objects of one kind as a watch and our own writes show them. Whatever is older than what is known is ignored: resourceVersions
 * of one resource compare as integers (KEP-5504), and an object that we deleted does not come back by a late event.
 */
export interface ObjectStore<T> {
  get(key: string): T | undefined
  values(): readonly T[]
  put(object: StoredObject<T>): void
  /** Takes an object away; with `uid` only that very object. */
  drop(key: string, uid?: string): void
  /** Replaces everything by a list that was read at `resourceVersion`. */
  replace(objects: readonly StoredObject<T>[], resourceVersion: string): void
  onChange(listener: (key: string, value: T | undefined) => void): () => void
}

/** So many UIDs of deleted objects are remembered: far more than one watch can be behind. */
const rememberedDeletions = 4096

export function createObjectStore<T>(): ObjectStore<T> {
  const objects = new Map<string, StoredObject<T>>()
  const deleted = new Set<string>()
  const listeners = new Set<(key: string, value: T | undefined) => void>()

  function set(object: StoredObject<T>): void {
    const before = objects.get(object.key)?.value
    if (object.value === undefined) objects.delete(object.key)
    else objects.set(object.key, object)
    if (object.value === undefined && before === undefined) return
    for (const listener of listeners) listener(object.key, object.value)
  }

  function put(object: StoredObject<T>): void {
    const known = objects.get(object.key)
    if (deleted.has(object.uid) || (known && !isNewer(object.resourceVersion, known.resourceVersion))) return
    set(object)
  }

  function drop(key: string, uid?: string): void {
    if (uid !== undefined) remember(uid)
    const known = objects.get(key)
    if (known && (uid === undefined || known.uid === uid)) set({ ...known, value: undefined })
  }

  function remember(uid: string): void {
    deleted.add(uid)
    const [oldest] = deleted
    if (deleted.size > rememberedDeletions && oldest !== undefined) deleted.delete(oldest)
  }

  function replace(list: readonly StoredObject<T>[], resourceVersion: string): void {
    const listed = new Set(list.map(({ key }) => key))
    for (const [key, object] of objects)
      if (!listed.has(key) && !isNewer(object.resourceVersion, resourceVersion)) set({ ...object, value: undefined })
    for (const object of list) put(object)
  }

  return {
    get: key => objects.get(key)?.value,
    values: () => [...objects.values()].flatMap(({ value }) => (value === undefined ? [] : [value])),
    put,
    drop,
    replace,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function isNewer(a: string, b: string): boolean {
  return BigInt(a) > BigInt(b)
}
