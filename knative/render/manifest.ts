import * as v from 'valibot'

/** A Kubernetes object as a manifest gives it: what every kind has, and whatever else it has. */
export const Manifest = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.looseObject({
    name: v.string(),
    namespace: v.optional(v.string()),
    labels: v.optional(v.record(v.string(), v.string())),
    annotations: v.optional(v.record(v.string(), v.string())),
  }),
})
export type Manifest = v.InferOutput<typeof Manifest>

/** Says which object a manifest is, for messages: `Role login in tka-system`. */
export function describe({ kind, metadata }: Manifest): string {
  return metadata.namespace === undefined
    ? `${kind} ${metadata.name}`
    : `${kind} ${metadata.name} in ${metadata.namespace}`
}
