import { text } from 'node:stream/consumers'
import * as v from 'valibot'
import type { CallOptions, Kubernetes } from './kubernetes.ts'

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

const pageSize = 500

/** Reads a whole collection, as plain JSON. */
export async function listObjects(
  kubernetes: Pick<Kubernetes, 'transport' | 'timeoutMs'>,
  query: ListQuery,
  options: CallOptions,
): Promise<ObjectList> {
  const items: unknown[] = []
  let resourceVersion = ''
  for await (const page of listPages(kubernetes, query, options)) {
    items.push(...page.items)
    resourceVersion = page.resourceVersion
  }
  return { items, resourceVersion }
}

/** Reads a collection page by page, so that whoever needs little of each object never holds all of them. */
export async function* listPages(
  kubernetes: Pick<Kubernetes, 'transport' | 'timeoutMs'>,
  query: ListQuery,
  options: CallOptions,
): AsyncGenerator<ObjectList, void, undefined> {
  let next = ''
  do {
    const search = new URLSearchParams({ limit: String(pageSize) })
    if (query.labelSelector !== undefined) search.set('labelSelector', query.labelSelector)
    if (next !== '') search.set('continue', next)
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(kubernetes.timeoutMs)])
    const response = await kubernetes.transport.send({ method: 'GET', path: `${query.path}?${search}`, signal })
    const { metadata, items } = v.parse(List, JSON.parse(await text(response)))
    yield { items, resourceVersion: metadata.resourceVersion }
    next = metadata.continue
  } while (next !== '')
}
