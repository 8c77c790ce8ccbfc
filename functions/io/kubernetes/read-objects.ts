import * as v from 'valibot'
import { parseInstant } from '../../core/instant.ts'
import { annotation, ownerLabels } from '../../core/session/labels.ts'
import type { ObservedBinding, ObservedMetadata, ObservedServiceAccount } from '../../core/session/observed.ts'

/** What of an install decides whether an object belongs to a session. */
export interface SessionScope {
  readonly install: string
  /** The namespace of the session ServiceAccounts. */
  readonly sessionsNamespace: string
}

/** The generated client gives Dates, plain JSON has strings. */
const Instant = v.pipe(
  v.union([v.date(), v.string()]),
  v.transform(value => new Date(value).getTime()),
  v.number(),
)
const Strings = v.optional(v.record(v.string(), v.string()), {})

const Metadata = v.object({
  name: v.string(),
  namespace: v.optional(v.string()),
  uid: v.string(),
  resourceVersion: v.string(),
  creationTimestamp: Instant,
  deletionTimestamp: v.optional(Instant),
  finalizers: v.optional(v.array(v.string()), []),
  ownerReferences: v.optional(v.array(v.object({ kind: v.string(), name: v.string() })), []),
  labels: Strings,
  annotations: Strings,
})

const ServiceAccount = v.object({ metadata: Metadata })

const Binding = v.object({
  metadata: Metadata,
  roleRef: v.object({ kind: v.string(), name: v.string() }),
  subjects: v.optional(
    v.array(v.object({ kind: v.string(), name: v.string(), namespace: v.optional(v.string()) })),
    [],
  ),
})

/** Where an object is, in a form that is unique within its kind. */
export function objectKey({
  name,
  namespace,
}: {
  readonly name: string
  readonly namespace?: string | undefined
}): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** The name, namespace, UID and version of any object. */
export function readIdentity(object: unknown) {
  const { name, namespace, uid, resourceVersion } = v.parse(v.object({ metadata: Metadata }), object).metadata
  return { key: objectKey({ name, namespace }), name, uid, resourceVersion }
}

export function readServiceAccount(object: unknown, scope: SessionScope): ObservedServiceAccount {
  return observe(v.parse(ServiceAccount, object).metadata, scope)
}

/** Reads a RoleBinding or ClusterRoleBinding; `undefined` when it binds no session identity. */
export function readBinding(object: unknown, scope: SessionScope): ObservedBinding | undefined {
  const { metadata, roleRef, subjects } = v.parse(Binding, object)
  const { sessionsNamespace } = scope
  const prefix = `${scope.install}-user-`
  const userPrefix = `system:serviceaccount:${sessionsNamespace}:`
  const asServiceAccount = subjects.filter(
    ({ kind, name, namespace }) =>
      kind === 'ServiceAccount' && namespace === sessionsNamespace && name.startsWith(prefix),
  )
  const asUser = subjects.filter(({ kind, name }) => kind === 'User' && name.startsWith(userPrefix + prefix))
  const everySession = subjects.some(
    ({ kind, name }) => kind === 'Group' && name === `system:serviceaccounts:${sessionsNamespace}`,
  )
  const names = [
    ...asServiceAccount.map(({ name }) => name),
    ...asUser.map(({ name }) => name.slice(userPrefix.length)),
  ]
  if (names.length === 0 && !everySession) return undefined
  return {
    ...observe(metadata, scope),
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    role: roleRef.name,
    roleKind: roleRef.kind,
    serviceAccounts: [...new Set(names)],
    everySession,
    sessionsOnly: asServiceAccount.length === subjects.length,
  }
}

function observe(metadata: v.InferOutput<typeof Metadata>, scope: SessionScope): ObservedMetadata {
  const { annotations } = metadata
  const session = annotations[annotation.session]
  const login = annotations[annotation.login]
  const userId = annotations[annotation.userId]
  const validUntil = parseInstant(annotations[annotation.validUntil] ?? '')
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    createdAt: metadata.creationTimestamp,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers,
    owned: metadata.ownerReferences.some(({ kind, name }) => kind !== 'Namespace' || name !== scope.sessionsNamespace),
    ours: Object.entries(ownerLabels(scope.install)).every(([key, value]) => metadata.labels[key] === value),
    ...(session === undefined ? {} : { session }),
    ...(login === undefined ? {} : { login }),
    ...(userId === undefined ? {} : { userId }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}
