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

/** Reads a whole collection, page by page, as plain JSON. */
export async function listObjects(
  kubernetes: Pick<Kubernetes, 'transport' | 'timeoutMs'>,
  query: ListQuery,
  options: CallOptions,
): Promise<ObjectList> {
  const items: unknown[] = []
  let next = ''
  for (;;) {
    const search = new URLSearchParams({ limit: String(pageSize) })
    if (query.labelSelector !== undefined) search.set('labelSelector', query.labelSelector)
    if (next !== '') search.set('continue', next)
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(kubernetes.timeoutMs)])
    const response = await kubernetes.transport.send({ method: 'GET', path: `${query.path}?${search}`, signal })
    const page = v.parse(List, JSON.parse(await text(response)))
    items.push(...page.items)
    next = page.metadata.continue
    if (next === '') return { items, resourceVersion: page.metadata.resourceVersion }
  }
}
