import * as v from 'valibot'
import type { Connection } from './connection.ts'
import type { CallOptions } from './kubernetes.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { readBody } from './read-body.ts'

const List = v.object({
  metadata: v.object({ resourceVersion: v.string(), continue: v.optional(v.string(), '') }),
  items: v.array(v.unknown()),
})

export interface ListQuery {
  /** Path of the collection, such as `/api/v1/namespaces/tka/serviceaccounts`. */
  readonly path: string
  readonly labelSelector?: string
}

export interface ObjectList {
  readonly items: readonly unknown[]
  readonly resourceVersion: string
}

export interface ObjectPage extends ObjectList {
  /** The list begins here: what came before, if anything did, does not count. */
  readonly first: boolean
}

const pageSize = 250

/** How often a list may begin anew: one that never gets to its end must be told of, not tried for ever. */
const mostRestarts = 5

/** Reads a whole collection, as plain JSON. */
export async function listObjects(connection: Connection, query: ListQuery, options: CallOptions): Promise<ObjectList> {
  let items: unknown[] = []
  let resourceVersion = ''
  for await (const page of listPages(connection, query, options)) {
    if (page.first) items = []
    items.push(...page.items)
    resourceVersion = page.resourceVersion
  }
  return { items, resourceVersion }
}

/**
 * Reads a collection page by page, so that whoever needs little of each object never holds all of them. Begins anew, with a page
 * that says so, when the server no longer has the list that it began (410: Kubernetes API concepts, retrieving large results
 * sets in chunks).
 */
export async function* listPages(
  connection: Connection,
  query: ListQuery,
  options: CallOptions,
): AsyncGenerator<ObjectPage, void, undefined> {
  let restarts = 0
  for (let next: string | undefined = ''; next !== undefined; ) {
    const from: string = next
    const page = await readPage(connection, query, from, options).catch((error: unknown) => {
      if (from === '' || restarts === mostRestarts || !hasExpired(error)) throw error
      return undefined
    })
    if (page === undefined) {
      restarts += 1
      next = ''
      continue
    }
    const { metadata, items } = page
    yield { items, resourceVersion: metadata.resourceVersion, first: from === '' }
    next = metadata.continue === '' ? undefined : metadata.continue
  }
}

async function readPage(
  { transport, timeoutMs }: Connection,
  { path, labelSelector }: ListQuery,
  next: string,
  options: CallOptions,
): Promise<v.InferOutput<typeof List>> {
  const search = new URLSearchParams({ limit: String(pageSize) })
  if (labelSelector !== undefined) search.set('labelSelector', labelSelector)
  if (next !== '') search.set('continue', next)
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)])
  const request = { method: 'GET', path: `${path}?${search}`, signal }
  return v.parse(List, JSON.parse(await readBody(await transport.send(request), request)))
}

/** The server keeps what a list began with for five minutes or so. */
function hasExpired(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 410
}
