import * as v from 'valibot'
import type { ClusterRole } from '../render/offered-roles.ts'
import { type Api, ApiError } from './shadow/api.ts'

const strings = v.optional(v.array(v.string()), [])

const Role = v.object({
  aggregationRule: v.optional(v.unknown()),
  rules: v.nullish(v.array(v.object({ apiGroups: strings, resources: strings, verbs: v.array(v.string()) })), []),
})

/** Reads a ClusterRole's rules; `undefined` when there is no such role. */
export async function readClusterRole(api: Api, name: string, signal: AbortSignal): Promise<ClusterRole | undefined> {
  try {
    const answer = await api.call('GET', `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`, { signal })
    const { aggregationRule, rules } = v.parse(Role, answer)
    return { rules: rules ?? [], aggregated: aggregationRule !== undefined }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
