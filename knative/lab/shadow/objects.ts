import * as v from 'valibot'

// The parts of Kubernetes' and Serving's objects that the shadow looks at.

const Metadata = v.object({
  name: v.string(),
  namespace: v.string(),
  uid: v.string(),
  resourceVersion: v.string(),
  generation: v.optional(v.number(), 0),
  deletionTimestamp: v.optional(v.string()),
})

const Items = v.optional(v.array(v.object({ key: v.string(), path: v.string() })))
const ConfigMapFiles = v.object({ name: v.string(), items: Items, optional: v.optional(v.boolean(), false) })

/** What a projected volume puts together. */
const ProjectedSource = v.object({
  configMap: v.optional(ConfigMapFiles),
  secret: v.optional(ConfigMapFiles),
  serviceAccountToken: v.optional(
    v.object({
      path: v.string(),
      expirationSeconds: v.optional(v.number(), 3_600),
      audience: v.optional(v.string()),
    }),
  ),
  downwardAPI: v.optional(
    v.object({
      items: v.array(
        v.object({ path: v.string(), fieldRef: v.object({ fieldPath: v.literal('metadata.namespace') }) }),
      ),
    }),
  ),
})
export type ProjectedSource = v.InferOutput<typeof ProjectedSource>

const Volume = v.object({
  name: v.string(),
  configMap: v.optional(ConfigMapFiles),
  secret: v.optional(v.object({ secretName: v.string(), items: Items, optional: v.optional(v.boolean(), false) })),
  projected: v.optional(v.object({ sources: v.array(ProjectedSource) })),
  emptyDir: v.optional(v.object({})),
})
export type Volume = v.InferOutput<typeof Volume>

const Probe = v.object({
  httpGet: v.optional(v.object({ path: v.optional(v.string(), '/') })),
  periodSeconds: v.optional(v.number(), 10),
})

const Container = v.object({
  name: v.string(),
  image: v.string(),
  command: v.optional(v.array(v.string()), []),
  args: v.optional(v.array(v.string()), []),
  // No valueFrom: the manifests use none, and a process must not silently lack what its manifest gives it.
  env: v.optional(v.array(v.strictObject({ name: v.string(), value: v.optional(v.string(), '') })), []),
  volumeMounts: v.optional(v.array(v.object({ name: v.string(), mountPath: v.string() })), []),
  readinessProbe: v.optional(Probe),
})
export type Container = v.InferOutput<typeof Container>

const PodSpec = v.object({
  serviceAccountName: v.optional(v.string(), 'default'),
  automountServiceAccountToken: v.optional(v.boolean()),
  containers: v.pipe(v.tuple([Container], 'the shadow runs Pods of one container'), v.readonly()),
  volumes: v.optional(v.array(Volume), []),
})
export type PodSpec = v.InferOutput<typeof PodSpec>

/** A Knative Service (serving.knative.dev/v1). */
export const KnativeService = v.object({
  metadata: Metadata,
  // The template's metadata counts too: an annotation changed there is a new revision.
  spec: v.object({ template: v.object({ metadata: v.unknown(), spec: PodSpec }) }),
})
export type KnativeService = v.InferOutput<typeof KnativeService>

/** A Pod, as the Job controller makes it. */
export const Pod = v.object({
  metadata: v.object({
    ...Metadata.entries,
    ownerReferences: v.optional(v.array(v.object({ kind: v.string(), name: v.string() })), []),
  }),
  spec: PodSpec,
  status: v.optional(v.object({ phase: v.optional(v.string(), 'Pending') }), {}),
})
export type Pod = v.InferOutput<typeof Pod>

const bytes =
  (encoding: 'utf8' | 'base64') =>
  (text: string): Uint8Array =>
    Buffer.from(text, encoding)
const utf8 = v.optional(v.record(v.string(), v.pipe(v.string(), v.transform(bytes('utf8')))), {})
const base64 = v.optional(v.record(v.string(), v.pipe(v.string(), v.transform(bytes('base64')))), {})

/** A ConfigMap's values, by key. */
export const ConfigMap = v.pipe(
  v.object({ metadata: Metadata, data: utf8, binaryData: base64 }),
  v.transform(({ metadata, data, binaryData }) => ({ metadata, data: { ...data, ...binaryData } })),
)

/** A Secret's values, by key. */
export const Secret = v.object({ metadata: Metadata, data: base64 })

/** A ConfigMap or a Secret. */
export type Keyed = v.InferOutput<typeof Secret>

/** A ServiceAccount's say about the token that a Pod gets. */
export const ServiceAccount = v.object({ automountServiceAccountToken: v.optional(v.boolean(), true) })

/** What TokenRequest answers. */
export const TokenRequest = v.object({
  status: v.object({ token: v.string(), expirationTimestamp: v.pipe(v.string(), v.isoTimestamp()) }),
})
