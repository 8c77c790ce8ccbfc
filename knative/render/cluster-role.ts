import * as v from 'valibot'
import type { ClusterRole } from './offered-roles.ts'

const strings = v.optional(v.array(v.string()), [])

/** Reads a ClusterRole as the API server or kubectl gives it (rbac.authorization.k8s.io/v1). */
export const ClusterRoleObject = v.pipe(
  v.object({
    metadata: v.object({ name: v.string() }),
    aggregationRule: v.optional(v.unknown()),
    rules: v.nullish(v.array(v.object({ apiGroups: strings, resources: strings, verbs: v.array(v.string()) }))),
  }),
  v.transform(({ metadata, aggregationRule, rules }): ClusterRole & { readonly name: string } => ({
    name: metadata.name,
    rules: rules ?? [],
    aggregated: aggregationRule !== undefined,
  })),
)
