import { ownerSelector } from '../../core/session/labels.ts'
import { decodeLease } from '../../core/session/lease-codec.ts'
import type { SessionRecord } from '../../core/session/session-record.ts'
import { collections } from './collections.ts'
import type { Kubernetes } from './kubernetes.ts'
import { createObjectStore, type StoredObject } from './object-store.ts'
import { readIdentity, type SessionScope } from './read-objects.ts'
import { watchObjects } from './watch-objects.ts'

/** The Leases of all people, kept current by a watch. */
export interface SessionIndex {
  get(name: string): SessionRecord | undefined
  all(): readonly SessionRecord[]
  /** Resolves with the record as soon as `wanted` holds for it (at once if it does already); rejects with the signal's reason. */
  waitFor(
    name: string,
    wanted: (record: SessionRecord) => boolean,
    options: { readonly signal: AbortSignal },
  ): Promise<SessionRecord>
  /** Calls back after each change of one person's Lease (`undefined` = removed); returns what stops it. */
  onChange(listener: (name: string, record: SessionRecord | undefined) => void): () => void
  /** False while the watch is broken and the index may be behind. */
  current(): boolean
  /** Tells the index what a write of our own gave, ahead of the watch. */
  put(record: SessionRecord): void
  /** Tells the index that a Lease was removed. */
  drop(name: string, uid: string | undefined): void
}

export interface WatchOptions extends SessionScope {
  readonly signal: AbortSignal
  /** Told of what the watch could not do or read; it goes on by itself. */
  readonly failed: (error: unknown) => void
}

/** Reads and follows the Leases of an install's sessions; resolves when all of them are known. */
export async function watchSessions(kubernetes: Kubernetes, options: WatchOptions): Promise<SessionIndex> {
  const store = createObjectStore<SessionRecord>()
  const query = { path: collections.leases(options.sessionsNamespace), labelSelector: ownerSelector(options.install) }
  const watch = await watchObjects(
    kubernetes,
    query,
    {
      listed: (items, resourceVersion) => store.replace(items.map(read), resourceVersion),
      changed: object => store.put(read(object)),
      deleted: object => store.drop(readIdentity(object).name, readIdentity(object).uid),
      failed: options.failed,
    },
    options.signal,
  )

  function read(object: unknown): StoredObject<SessionRecord> {
    const { name, uid, resourceVersion } = readIdentity(object)
    return { key: name, uid, resourceVersion, value: decode(object) }
  }

  /** A Lease that cannot be read counts as none: whatever stands under its name is then past due. */
  function decode(object: unknown): SessionRecord | undefined {
    try {
      return decodeLease(object)
    } catch (error) {
      options.failed(error)
      return undefined
    }
  }

  return {
    get: store.get,
    all: store.values,
    waitFor: (name, wanted, { signal }) => waitFor(store, name, wanted, signal),
    onChange: store.onChange,
    current: watch.current,
    put: record => {
      const { name: key, uid, resourceVersion } = record
      if (uid !== undefined && resourceVersion !== undefined) store.put({ key, uid, resourceVersion, value: record })
    },
    drop: store.drop,
  }
}

type Store = Pick<ReturnType<typeof createObjectStore<SessionRecord>>, 'get' | 'onChange'>

function waitFor(
  store: Store,
  name: string,
  wanted: (record: SessionRecord) => boolean,
  signal: AbortSignal,
): Promise<SessionRecord> {
  const { promise, resolve, reject } = Promise.withResolvers<SessionRecord>()
  const stopListening = store.onChange((changed, record) => {
    if (changed === name) settleWith(record)
  })
  const aborted = () => {
    stopListening()
    reject(signal.reason)
  }
  signal.addEventListener('abort', aborted, { once: true })
  if (signal.aborted) aborted()
  settleWith(store.get(name))
  return promise

  function settleWith(record: SessionRecord | undefined): void {
    if (!record || !wanted(record)) return
    stopListening()
    signal.removeEventListener('abort', aborted)
    resolve(record)
  }
}
