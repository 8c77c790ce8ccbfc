import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import type { Api } from '../../kube/api.ts'

/** What to do about the objects of one collection, in order: each as it is, then each change. */
export interface Follower<T> {
  /** The object is new or changed. */
  readonly seen: (object: T) => void
  readonly gone: (object: T) => void
  /** A watch broke off for another reason than the end of the signal; it goes on by itself. */
  readonly failed: (error: unknown) => void
}

interface Named {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}

/** Follows a collection until the signal ends; resolves once the first listing has been handed over. */
export async function follow<T extends Named>(
  api: Api,
  path: string,
  schema: v.GenericSchema<unknown, T>,
  follower: Follower<T>,
  options: { readonly signal: AbortSignal; readonly query?: Readonly<Record<string, string>> },
): Promise<void> {
  const { signal, query = {} } = options
  const List = v.object({ metadata: v.object({ resourceVersion: v.string() }), items: v.array(schema) })
  const Change = v.object({ type: v.picklist(['ADDED', 'MODIFIED', 'DELETED']), object: schema })
  const known = new Map<string, T>()

  const list = async (): Promise<string> => {
    const { items, metadata } = v.parse(List, await api.call('GET', path, { query, signal }))
    const names = new Set(items.map(item => item.metadata.name))
    for (const [name, object] of known) {
      if (names.has(name)) continue
      known.delete(name)
      follower.gone(object)
    }
    for (const item of items) {
      const before = known.get(item.metadata.name)
      if (before?.metadata.resourceVersion === item.metadata.resourceVersion) continue
      known.set(item.metadata.name, item)
      follower.seen(item)
    }
    return metadata.resourceVersion
  }
  const watch = async (from: string): Promise<string> => {
    let resourceVersion = from
    for await (const raw of api.watch(path, { ...query, resourceVersion }, signal)) {
      const change = v.safeParse(Change, raw)
      // An ERROR event (410 Gone): list again.
      if (!change.success) return list()
      const { type, object } = change.output
      resourceVersion = object.metadata.resourceVersion
      if (type === 'DELETED') {
        known.delete(object.metadata.name)
        follower.gone(object)
      } else {
        known.set(object.metadata.name, object)
        follower.seen(object)
      }
    }
    return resourceVersion
  }

  let resourceVersion = await list()
  const forever = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        resourceVersion = await watch(resourceVersion)
      } catch (error) {
        if (signal.aborted) return
        follower.failed(error)
        // The API server is away or its history too short; what was missed comes with the next listing.
        await delay(200, undefined, { signal }).catch(() => undefined)
        resourceVersion = await list().catch(() => resourceVersion)
      }
    }
  }
  void forever()
}
