import * as v from 'valibot'
import { endReasons } from '#events/types/session-ended'
import { formatInstant, parseInstant } from '../instant.ts'
import { ownerLabels, sessionLabels } from './labels.ts'
import type { BindingRef, SessionRecord, SessionTerms } from './session-record.ts'

/** A Lease that cannot be read as a session's record; its message names the Lease and the field. */
export class LeaseUnreadable extends Error {
  override readonly name = 'LeaseUnreadable'
}

/** The part of a `coordination.k8s.io/v1` Lease that we write. */
export interface LeaseManifest {
  readonly apiVersion: 'coordination.k8s.io/v1'
  readonly kind: 'Lease'
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
}

const prefix = 'tka.dev/'

const Timestamp = v.pipe(v.string(), v.transform(parseInstant), v.number('expected RFC 3339, UTC, whole seconds'))
const Text = v.pipe(v.string(), v.nonEmpty())
const Sequence = v.pipe(v.string(), v.regex(/^\d{16}$/, 'expected 16 digits'))
const Namespaces = v.pipe(
  Text,
  v.transform(text => text.split(',')),
)
const Bindings = v.pipe(
  v.string(),
  v.transform(text => (text === '' ? [] : text.split(',').map(decodeBinding))),
)

const terms = {
  session: Text,
  login: Text,
  'user-id': Text,
  node: Text,
  role: Text,
  namespaces: v.optional(Namespaces),
  bindings: Bindings,
  'started-at': Timestamp,
  request: Text,
  'valid-until': Timestamp,
}

const Annotations = v.variant('phase', [
  v.object({ phase: v.literal('provisioning'), sequence: Sequence, ...terms, 'request-expires-at': Timestamp }),
  v.object({
    phase: v.literal('live'),
    sequence: Sequence,
    ...terms,
    'service-account-uid': Text,
    'extended-by': v.optional(Text),
    'extension-request': v.optional(Text),
    'extension-node': v.optional(Text),
    'extension-valid-until': v.optional(Timestamp),
    'extension-expires-at': v.optional(Timestamp),
  }),
  v.object({
    phase: v.literal('ended'),
    sequence: Sequence,
    ...v.partial(v.object(terms)).entries,
    'ended-at': Timestamp,
    'end-reason': v.picklist(endReasons),
    'ended-by': v.optional(Text),
    'service-account-uid': v.optional(Text),
  }),
])
type Annotations = v.InferOutput<typeof Annotations>

const Lease = v.object({
  metadata: v.object({
    name: v.string(),
    uid: v.optional(v.string()),
    resourceVersion: v.optional(v.string()),
    annotations: v.optional(v.record(v.string(), v.string()), {}),
  }),
})

/** Reads a person's Lease as the API server gives it; throws LeaseUnreadable. */
export function decodeLease(lease: unknown): SessionRecord {
  const parsed = v.safeParse(Lease, lease)
  if (!parsed.success) throw new LeaseUnreadable(`not a Lease: ${v.summarize(parsed.issues)}`)
  const { name, uid, resourceVersion, annotations } = parsed.output.metadata
  const fields = Object.fromEntries(
    Object.entries(annotations)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  )
  const read = v.safeParse(Annotations, fields)
  if (!read.success) throw new LeaseUnreadable(`Lease ${name}: ${v.summarize(read.issues)}`)
  return { name, ...optional('uid', uid), ...optional('resourceVersion', resourceVersion), ...toRecord(read.output) }
}

/** Writes a record as a whole Lease, without `uid` and `resourceVersion`. */
export function encodeLease(record: SessionRecord, options: { readonly install: string }): LeaseManifest {
  const { role, validUntil } = record
  const labels =
    role === undefined || validUntil === undefined
      ? ownerLabels(options.install)
      : sessionLabels(options.install, { role, validUntil })
  const annotations = Object.fromEntries(
    Object.entries(toAnnotations(record)).flatMap(([key, value]) =>
      value === undefined ? [] : [[prefix + key, value]],
    ),
  )
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: record.name, labels, annotations } }
}

/**
 * The JSON Merge Patch (RFC 7396) that turns any record of this Lease into `record`: fields that it does not have are removed.
 * It carries the record's resourceVersion, so the API server refuses it when the Lease has changed since.
 */
export function encodeLeasePatch(record: SessionRecord, options: { readonly install: string }): unknown {
  const { labels, annotations } = encodeLease(record, options).metadata
  return {
    metadata: {
      ...(record.uid === undefined ? {} : { uid: record.uid }),
      ...(record.resourceVersion === undefined ? {} : { resourceVersion: record.resourceVersion }),
      labels: { ...Object.fromEntries(['role', 'valid-until'].map(key => [prefix + key, null])), ...labels },
      annotations: { ...Object.fromEntries(everyField.map(key => [prefix + key, null])), ...annotations },
    },
  }
}

const everyField = [...new Set(Annotations.options.flatMap(option => Object.keys(option.entries)))]

function toRecord(fields: Annotations) {
  switch (fields.phase) {
    case 'provisioning':
      return {
        phase: fields.phase,
        sequence: fields.sequence,
        ...toTerms(fields),
        requestExpiresAt: fields['request-expires-at'],
      }
    case 'live': {
      const request = fields['extension-request']
      const validUntil = fields['extension-valid-until']
      const requestExpiresAt = fields['extension-expires-at']
      return {
        phase: fields.phase,
        sequence: fields.sequence,
        ...toTerms(fields),
        serviceAccountUid: fields['service-account-uid'],
        ...optional('extendedBy', fields['extended-by']),
        ...(request === undefined || validUntil === undefined || requestExpiresAt === undefined
          ? {}
          : { extension: { request, node: fields['extension-node'] ?? fields.node, validUntil, requestExpiresAt } }),
      }
    }
    case 'ended':
      return {
        phase: fields.phase,
        sequence: fields.sequence,
        ...optional('session', fields.session),
        ...optional('login', fields.login),
        ...optional('userId', fields['user-id']),
        ...optional('node', fields.node),
        ...optional('role', fields.role),
        ...optional('namespaces', fields.namespaces),
        ...optional('bindings', fields.bindings),
        ...optional('startedAt', fields['started-at']),
        ...optional('request', fields.request),
        ...optional('validUntil', fields['valid-until']),
        endedAt: fields['ended-at'],
        endReason: fields['end-reason'],
        ...optional('endedBy', fields['ended-by']),
        ...optional('serviceAccountUid', fields['service-account-uid']),
      }
  }
}

function toTerms(fields: Exclude<Annotations, { phase: 'ended' }>): SessionTerms {
  return {
    session: fields.session,
    login: fields.login,
    userId: fields['user-id'],
    node: fields.node,
    role: fields.role,
    ...optional('namespaces', fields.namespaces),
    bindings: fields.bindings,
    startedAt: fields['started-at'],
    request: fields.request,
    validUntil: fields['valid-until'],
  }
}

function toAnnotations(record: SessionRecord): Record<string, string | undefined> {
  return {
    phase: record.phase,
    sequence: record.sequence,
    session: record.session,
    login: record.login,
    'user-id': record.userId,
    node: record.node,
    role: record.role,
    namespaces: record.namespaces?.join(','),
    bindings: record.bindings?.map(encodeBinding).join(','),
    'started-at': maybeTimestamp(record.startedAt),
    request: record.request,
    'valid-until': maybeTimestamp(record.validUntil),
    ...phaseAnnotations(record),
  }
}

function phaseAnnotations(record: SessionRecord): Record<string, string | undefined> {
  switch (record.phase) {
    case 'provisioning':
      return { 'request-expires-at': formatInstant(record.requestExpiresAt) }
    case 'live':
      return {
        'service-account-uid': record.serviceAccountUid,
        'extended-by': record.extendedBy,
        'extension-request': record.extension?.request,
        'extension-node': record.extension?.node,
        'extension-valid-until': maybeTimestamp(record.extension?.validUntil),
        'extension-expires-at': maybeTimestamp(record.extension?.requestExpiresAt),
      }
    case 'ended':
      return {
        'ended-at': formatInstant(record.endedAt),
        'end-reason': record.endReason,
        'ended-by': record.endedBy,
        'service-account-uid': record.serviceAccountUid,
      }
  }
}

function encodeBinding({ name, namespace }: BindingRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

function decodeBinding(text: string): BindingRef {
  const slash = text.indexOf('/')
  return slash === -1 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) }
}

function maybeTimestamp(at: number | undefined): string | undefined {
  return at === undefined ? undefined : formatInstant(at)
}

function optional<K extends string, T>(key: K, value: T | undefined): { readonly [key in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: T })
}
