import * as v from 'valibot'
import type { CallOptions, Kubernetes } from './kubernetes.ts'

export interface ConfigMapRef {
  readonly namespace: string
  readonly name: string
}

/** A ConfigMap's texts, with the version that they were read at. */
export interface ConfigMapData {
  readonly data: Readonly<Record<string, string>>
  readonly resourceVersion: string
}

const ConfigMap = v.object({
  metadata: v.object({ resourceVersion: v.string() }),
  data: v.optional(v.record(v.string(), v.string()), {}),
})

/** Reads a ConfigMap; throws KubernetesError `not-found` when there is none. */
export async function getConfigMap(
  kubernetes: Kubernetes,
  ref: ConfigMapRef,
  options: CallOptions,
): Promise<ConfigMapData> {
  const map = await kubernetes.core.readNamespacedConfigMap(ref, kubernetes.call(options))
  const { metadata, data } = v.parse(ConfigMap, map)
  return { data, resourceVersion: metadata.resourceVersion }
}
