import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import type { Manifest } from '../render/manifest.ts'

const CrdList = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ name: v.string() }),
      status: v.optional(
        v.object({ conditions: v.nullish(v.array(v.object({ type: v.string(), status: v.string() }))) }),
      ),
    }),
  ),
})

/** Whether the API server serves these CustomResourceDefinitions; a string names those that it does not yet. */
export async function definitionsEstablished(api: Api, crds: readonly Manifest[]): Promise<true | string> {
  const list = v.parse(CrdList, await api.call('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'))
  const established = new Set(
    list.items
      .filter(({ status }) =>
        status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'),
      )
      .map(({ metadata }) => metadata.name),
  )
  const missing = crds.map(({ metadata }) => metadata.name).filter(name => !established.has(name))
  return missing.length === 0 || missing.join(', ')
}
