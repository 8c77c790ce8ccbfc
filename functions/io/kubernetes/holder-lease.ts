import * as v from 'valibot'
import type { CallOptions, Kubernetes } from './kubernetes.ts'

/** A Lease that says who holds something and who wants it next; login's own, for its rollout. */
export interface HolderLease {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  readonly holder?: string
  readonly wantedBy?: string
  /** Epoch milliseconds of the holder's last sign of life. */
  readonly renewedAt?: number
  /** What others put on the Lease: an update replaces the whole object, so these travel along. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const wantedByAnnotation = 'tka.dev/wanted-by'

const Instant = v.pipe(
  v.union([v.date(), v.string()]),
  v.transform(value => new Date(value).getTime()),
  v.number(),
)

const Lease = v.object({
  metadata: v.object({
    name: v.string(),
    namespace: v.string(),
    resourceVersion: v.string(),
    labels: v.optional(v.record(v.string(), v.string()), {}),
    annotations: v.optional(v.record(v.string(), v.string()), {}),
  }),
  spec: v.optional(v.object({ holderIdentity: v.optional(v.string()), renewTime: v.optional(Instant) }), {}),
})

/** Reads the Lease; throws KubernetesError `not-found` when the install did not ship it. */
export async function getHolderLease(
  kubernetes: Kubernetes,
  ref: { readonly namespace: string; readonly name: string },
  options: CallOptions,
): Promise<HolderLease> {
  return decode(await kubernetes.coordination.readNamespacedLease(ref, kubernetes.call(options)))
}

/** Replaces the Lease as it was read (verb `update`); throws `conflict` when it has changed since. */
export async function updateHolderLease(
  kubernetes: Kubernetes,
  lease: HolderLease,
  options: CallOptions,
): Promise<HolderLease> {
  const { V1MicroTime } = await import('./client-library.ts')
  const { name, namespace, resourceVersion } = lease
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace,
      resourceVersion,
      labels: lease.labels,
      annotations: {
        ...lease.annotations,
        ...(lease.wantedBy === undefined ? {} : { [wantedByAnnotation]: lease.wantedBy }),
      },
    },
    spec: {
      ...(lease.holder === undefined ? {} : { holderIdentity: lease.holder }),
      ...(lease.renewedAt === undefined ? {} : { renewTime: new V1MicroTime(lease.renewedAt) }),
    },
  }
  return decode(
    await kubernetes.coordination.replaceNamespacedLease({ name, namespace, body }, kubernetes.call(options)),
  )
}

function decode(lease: unknown): HolderLease {
  const { metadata, spec } = v.parse(Lease, lease)
  const { [wantedByAnnotation]: wantedBy, ...annotations } = metadata.annotations
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels,
    annotations,
    ...(spec.holderIdentity === undefined ? {} : { holder: spec.holderIdentity }),
    ...(wantedBy === undefined ? {} : { wantedBy }),
    ...(spec.renewTime === undefined ? {} : { renewedAt: spec.renewTime }),
  }
}
