import * as v from 'valibot'
import { type Api, ApiError } from '../kube/api.ts'
import { ClusterRoleObject } from '../render/cluster-role.ts'
import type { ClusterRole } from '../render/offered-roles.ts'

/** Reads a ClusterRole's rules; `undefined` when there is no such role. */
export async function readClusterRole(api: Api, name: string, signal: AbortSignal): Promise<ClusterRole | undefined> {
  try {
    const answer = await api.call('GET', `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`, { signal })
    return v.parse(ClusterRoleObject, answer)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
