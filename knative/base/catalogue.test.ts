import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { eventTypes, functionNames, type HintType } from '#events'
import { jsonSchemas, schemaUrl } from '#events/json-schemas'
import { eventSource } from '../render/event-sources.ts'
import { readBase } from '../render/read-base.ts'

const base = await readBase()
// Fails to compile when a hint is missing.
const hintTypes = Object.keys({
  'dev.tka.ping.v1': true,
  'dev.tka.sweep.requested.v1': true,
} satisfies Record<HintType, true>)
const catalogue = [...eventTypes, ...hintTypes].sort()

const Exact = v.object({ exact: v.object({ type: v.string() }) })
const Trigger = v.object({
  metadata: v.object({ name: v.string() }),
  spec: v.object({
    filters: v.tuple([v.union([Exact, v.object({ any: v.array(Exact) })])]),
    subscriber: v.object({ ref: v.object({ kind: v.literal('Service'), name: v.string() }) }),
    delivery: v.object({
      retry: v.number(),
      timeout: v.string(),
      deadLetterSink: v.object({ ref: v.object({ kind: v.literal('Service'), name: v.literal('deadletter') }) }),
    }),
  }),
})
const triggers = base.filter(({ kind }) => kind === 'Trigger').map(trigger => v.parse(Trigger, trigger))
const typesOf = ({ spec }: v.InferOutput<typeof Trigger>) => {
  const [filter] = spec.filters
  return ('any' in filter ? filter.any : [filter]).map(({ exact }) => exact.type)
}

describe('the EventTypes of the base', () => {
  const EventType = v.object({
    metadata: v.object({ name: v.string() }),
    spec: v.object({
      type: v.string(),
      source: v.optional(v.string()),
      schema: v.string(),
      description: v.pipe(v.string(), v.minLength(20)),
    }),
  })
  const declared = base.filter(({ kind }) => kind === 'EventType').map(manifest => v.parse(EventType, manifest))

  it('are the catalogue', () => {
    assert.deepEqual(declared.map(({ spec }) => spec.type).sort(), catalogue)
  })

  it('name the schema of what they declare', () => {
    const schemas = jsonSchemas()
    for (const { spec } of declared) {
      assert.equal(spec.schema, schemaUrl(spec.type))
      assert.ok(schemas.has(spec.type), spec.type)
    }
  })

  it('name the function that makes them, where it is one', () => {
    for (const { spec } of declared) assert.equal(spec.source, eventSource(spec.type, 'kubernetes'), spec.type)
    assert.equal(declared.filter(({ spec }) => spec.source === undefined).length, 4, 'denials, revocations, ping, pong')
  })

  it('say what they declare in the words of its schema', () => {
    const schemas = jsonSchemas()
    for (const { spec } of declared) assert.equal(spec.description, schemas.get(spec.type)?.description, spec.type)
  })

  it('are named as what they declare', () => {
    for (const { metadata, spec } of declared) assert.equal(metadata.name, spec.type)
  })
})

describe('the Triggers of the base', () => {
  it('give each function exactly the events that it handles', () => {
    assert.deepEqual(
      Object.fromEntries(triggers.map(trigger => [trigger.spec.subscriber.ref.name, typesOf(trigger).sort()])),
      {
        login: [
          'dev.tka.credential.issued.v1',
          'dev.tka.session.denied.v1',
          'dev.tka.session.ended.v1',
          'dev.tka.session.granted.v1',
        ],
        provisioner: [
          'dev.tka.credential.requested.v1',
          'dev.tka.session.requested.v1',
          'dev.tka.session.revocation.requested.v1',
        ],
        logout: ['dev.tka.logout.requested.v1'],
        sweeper: ['dev.tka.sweep.requested.v1'],
      },
    )
  })

  it('leave no signed event without a subscriber but the answer to a ping', () => {
    const heard = new Set(triggers.flatMap(typesOf))
    assert.deepEqual(
      eventTypes.filter(type => !heard.has(type)),
      ['dev.tka.pong.v1'],
    )
  })

  it('deliver within the wait of a person', () => {
    const delivery = Object.fromEntries(
      triggers.map(({ spec }) => [spec.subscriber.ref.name, `${spec.delivery.retry} ${spec.delivery.timeout}`]),
    )
    assert.deepEqual(delivery, { provisioner: '4 PT3S', logout: '4 PT3S', login: '1 PT1S', sweeper: '2 PT20S' })
  })
})

describe('the functions of the base', () => {
  const services = base
    .filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev/'))
    .map(({ metadata }) => metadata)

  it('are those of the vocabulary', () => {
    assert.deepEqual(services.map(({ name }) => name).sort(), functionNames.toSorted())
  })

  it('are to be reached in the cluster alone', () => {
    for (const { name, labels } of services) {
      assert.equal(labels?.['networking.knative.dev/visibility'], 'cluster-local', name)
    }
  })

  it('each know the way to the Broker', () => {
    const bound = base.filter(({ kind }) => kind === 'SinkBinding').map(({ metadata }) => metadata.name)
    assert.deepEqual(bound.sort(), [...functionNames, 'tick'].sort())
  })
})
