import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import type { Connection } from './connection.ts'
import { failedWith, KubernetesError } from './kubernetes-error.ts'
import { type ListQuery, listObjects } from './list-objects.ts'

export interface WatchHandlers {
  /** The whole collection, read at `resourceVersion`; again after each gap that the watch could not bridge. */
  readonly listed: (items: readonly unknown[], resourceVersion: string) => void
  readonly changed: (object: unknown) => void
  readonly deleted: (object: unknown) => void
  /** Told of each failure; the watch goes on by itself. */
  readonly failed: (error: unknown) => void
}

export interface Watch {
  /** False while the connection is broken: what is known may be behind. */
  current(): boolean
}

const WatchEvent = v.object({
  type: v.picklist(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: v.unknown(),
})
const Versioned = v.object({ metadata: v.object({ resourceVersion: v.string() }) })

/** The server ends a watch after this time; a new one goes on where it stopped. */
const watchSeconds = 290

/** A watch that says nothing at all, not even a bookmark (about one a minute), has lost its connection. */
const silenceMs = 120_000

const longestPauseMs = 5_000

/**
 * Lists a collection and follows it until `signal` fires. Resolves once the first list is in, however long the server is away; rejects
 * when it refuses that list. Later failures are told to `failed` and bridged: by going on at the last resourceVersion, or by a new list
 * when the server no longer has it (410).
 */
export async function watchObjects(
  kubernetes: Connection,
  query: ListQuery,
  handlers: WatchHandlers,
  signal: AbortSignal,
): Promise<Watch> {
  let connected = true
  let resourceVersion: string | undefined = await firstList()
  void follow()
  return { current: () => connected }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await listObjects(kubernetes, query, { signal })
    handlers.listed(items, resourceVersion)
    return resourceVersion
  }

  async function firstList(): Promise<string> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await list()
      } catch (error) {
        if (signal.aborted || !failedWith(error, 'unavailable')) throw error
        handlers.failed(error)
        await pause(failures)
      }
    }
  }

  async function follow(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        resourceVersion ??= await list()
        await readEvents()
        failures = 0
        // A server that ends every watch at once must not be asked without a breath.
        await pause(0)
      } catch (error) {
        if (signal.aborted) return
        connected = false
        failures += 1
        handlers.failed(error)
        await pause(failures)
      }
    }
  }

  async function readEvents(): Promise<void> {
    const search = new URLSearchParams({
      watch: '1',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(watchSeconds),
      resourceVersion: resourceVersion ?? '0',
    })
    if (query.labelSelector !== undefined) search.set('labelSelector', query.labelSelector)
    const silence = new AbortController()
    const silent = setTimeout(
      () => silence.abort(new KubernetesError('unavailable', 'the watch fell silent')),
      silenceMs,
    )
    try {
      const path = `${query.path}?${search}`
      const stop = AbortSignal.any([signal, silence.signal])
      const response = await kubernetes.transport.send({ method: 'GET', path, signal: stop })
      connected = true
      for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
        silent.refresh()
        receive(line)
      }
      silence.signal.throwIfAborted()
    } catch (error) {
      // Without its resourceVersion the next turn lists again; going on after a 410 would end in the same 410.
      if (error instanceof KubernetesError && error.status === 410) resourceVersion = undefined
      throw silence.signal.aborted ? silence.signal.reason : error
    } finally {
      clearTimeout(silent)
    }
  }

  function receive(line: string): void {
    const { type, object } = v.parse(WatchEvent, JSON.parse(line))
    if (type === 'ERROR') throw new KubernetesError('unavailable', 'the watch ended: too old', { status: 410 })
    resourceVersion = v.parse(Versioned, object).metadata.resourceVersion
    if (type === 'DELETED') handlers.deleted(object)
    else if (type !== 'BOOKMARK') handlers.changed(object)
  }

  async function pause(failures: number): Promise<void> {
    const ms = Math.min(longestPauseMs, 50 * 2 ** failures) * (0.5 + Math.random() / 2)
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
  }
}
