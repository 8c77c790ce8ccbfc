import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeLease, encodeLease, encodeLeasePatch, LeaseUnreadable } from './lease-codec.ts'
import type { SessionRecord } from './session-record.ts'
import { liveRecord } from './testing/sample-session.ts'

const options = { install: 'tka' }

const plain = { noNullPrototype: true } as const
const text = fc.stringMatching(/^[a-z][a-z0-9@.-]{0,20}$/)
const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/)
const instant = fc.integer({ min: 1_700_000_000, max: 4_000_000_000 }).map(seconds => seconds * 1000)
const sequence = fc.integer({ min: 0, max: 2 ** 50 }).map(value => String(value).padStart(16, '0'))
const namespaces = fc.uniqueArray(label, { minLength: 1, maxLength: 4 }).map(names => names.toSorted())
const bindings = fc.array(
  fc.oneof(fc.record({ name: label }, plain), fc.record({ name: label, namespace: label }, plain)),
  { maxLength: 4 },
)
const terms = fc.record(
  {
    session: text,
    login: text,
    userId: text,
    node: text,
    role: label,
    namespaces,
    bindings,
    startedAt: instant,
    request: text,
    validUntil: instant,
  },
  {
    ...plain,
    requiredKeys: ['session', 'login', 'userId', 'node', 'role', 'bindings', 'startedAt', 'request', 'validUntil'],
  },
)
const extension = fc.record({ request: text, node: text, validUntil: instant, requestExpiresAt: instant }, plain)
const records: fc.Arbitrary<SessionRecord> = fc.oneof(
  fc.tuple(terms, sequence, instant).map(([session, wish, requestExpiresAt]) => ({
    ...session,
    name: 'p',
    sequence: wish,
    phase: 'provisioning' as const,
    requestExpiresAt,
  })),
  fc
    .tuple(terms, sequence, text, fc.option(text, { nil: undefined }), fc.option(extension, { nil: undefined }))
    .map(([session, wish, serviceAccountUid, extendedBy, pending]) => ({
      ...session,
      name: 'p',
      sequence: wish,
      phase: 'live' as const,
      serviceAccountUid,
      ...(extendedBy ? { extendedBy } : {}),
      ...(pending ? { extension: pending } : {}),
    })),
  fc
    .tuple(fc.option(terms, { nil: {} }), sequence, instant, fc.option(text, { nil: undefined }))
    .map(([session, wish, endedAt, endedBy]) => ({
      ...session,
      name: 'p',
      sequence: wish,
      phase: 'ended' as const,
      endedAt,
      endReason: 'logout' as const,
      ...(endedBy ? { endedBy } : {}),
    })),
)

describe('a person’s Lease', () => {
  it('reads back as the record that was written', () => {
    fc.assert(fc.property(records, record => assert.deepEqual(decodeLease(encodeLease(record, options)), record)))
  })

  it('turns into the new record by a patch, whatever it was before', () => {
    fc.assert(
      fc.property(records, records, (before, after) => {
        const { metadata } = encodeLease(before, options)
        const patch = encodeLeasePatch(after, options) as { metadata: Record<string, Record<string, string | null>> }
        const merged = { ...metadata, annotations: merge(metadata.annotations, patch.metadata.annotations ?? {}) }
        assert.deepEqual(decodeLease({ metadata: merged }), after)
      }),
    )
  })

  it('shows role and end as labels, so that a list reads as a table', () => {
    const { labels } = encodeLease(liveRecord(), options).metadata
    assert.deepEqual(labels, {
      'app.kubernetes.io/managed-by': 'tka',
      'app.kubernetes.io/instance': 'tka',
      'tka.dev/role': 'view',
      'tka.dev/valid-until': '2026-11-23T18.00.00Z',
    })
  })

  it('is written at the version it was read at, so that another hand is noticed', () => {
    const patch = encodeLeasePatch(liveRecord({ uid: 'u', resourceVersion: '42' }), options)
    assert.match(JSON.stringify(patch), /"uid":"u","resourceVersion":"42"/)
  })

  const garbage: readonly [string, unknown][] = [
    ['nothing', undefined],
    ['no annotations', { metadata: { name: 'p' } }],
    ['an unknown phase', annotated({ phase: 'maybe' })],
    ['a live session without a ServiceAccount UID', annotated({ 'service-account-uid': undefined })],
    ['an end that is no instant', annotated({ 'valid-until': 'tomorrow' })],
    ['a date that does not exist', annotated({ 'valid-until': '2026-02-30T00:00:00Z' })],
    ['a sequence that is too short', annotated({ sequence: '1' })],
  ]
  for (const [what, lease] of garbage) {
    it(`is refused with ${what}`, () => assert.throws(() => decodeLease(lease), LeaseUnreadable))
  }
})

function annotated(change: Record<string, string | undefined>) {
  const { metadata } = encodeLease(liveRecord(), options)
  const changes = Object.entries(change).map(([key, value]) => [`tka.dev/${key}`, value])
  return { metadata: { ...metadata, annotations: { ...metadata.annotations, ...Object.fromEntries(changes) } } }
}

function merge(before: Readonly<Record<string, string>>, patch: Readonly<Record<string, string | null>>) {
  return Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null))
}
