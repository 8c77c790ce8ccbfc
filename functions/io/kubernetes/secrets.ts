import * as v from 'valibot'
import { type CallOptions, type Kubernetes, mergePatch } from './kubernetes.ts'

export interface SecretRef {
  readonly namespace: string
  readonly name: string
}

/** A Secret's data, decoded, with the version that it was read at. */
export interface SecretData {
  readonly data: Readonly<Record<string, Uint8Array>>
  readonly resourceVersion: string
}

const Secret = v.object({
  metadata: v.object({ resourceVersion: v.string() }),
  data: v.optional(v.record(v.string(), v.string()), {}),
})

/** Reads a Secret; throws KubernetesError `not-found` when there is none. */
export async function getSecret(kubernetes: Kubernetes, ref: SecretRef, options: CallOptions): Promise<SecretData> {
  return decode(await kubernetes.core.readNamespacedSecret(ref, kubernetes.call(options)))
}

/**
 * Sets keys of a Secret (`undefined` removes one) and leaves its others alone. With `resourceVersion` it throws `conflict` when
 * the Secret has changed since.
 */
export async function patchSecret(
  kubernetes: Kubernetes,
  ref: SecretRef,
  change: { readonly data: Readonly<Record<string, Uint8Array | undefined>>; readonly resourceVersion?: string },
  options: CallOptions,
): Promise<SecretData> {
  const data = Object.fromEntries(
    Object.entries(change.data).map(([key, value]) => [key, value ? Buffer.from(value).toString('base64') : null]),
  )
  const { resourceVersion } = change
  const body = { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), data }
  return decode(await kubernetes.core.patchNamespacedSecret({ ...ref, body }, kubernetes.call(options, mergePatch)))
}

function decode(secret: unknown): SecretData {
  const { metadata, data } = v.parse(Secret, secret)
  return {
    resourceVersion: metadata.resourceVersion,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
  }
}
