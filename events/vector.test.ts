import assert from 'node:assert/strict'
import { verify as verifyEd25519 } from 'node:crypto'
import { describe, it } from 'node:test'
import { CloudEvent, HTTP } from 'cloudevents'
import { eventTypes } from './authority.ts'
import { createEvent } from './create-event.ts'
import { importKeySet } from './keys/key-set.ts'
import { importSigningKey } from './keys/signing-key.ts'
import { sign } from './sign.ts'
import { sampleData } from './testing/sample-events.ts'
import vector from './testing/vector.json' with { type: 'json' }
import { verify } from './verify.ts'

const now = Date.parse('2026-11-23T10:00:00Z')

describe('our own vector, which other implementations can be held against', () => {
  it('is what we sign, byte for byte', async () => {
    const type = 'dev.tka.session.requested.v1'
    const event = createEvent(type, {
      source: '/tka/lab/login',
      subject: 'tka-user-alice',
      now,
      id: '019ab0c4-5e00-7000-8000-000000000001',
      sequence: '0001795428000123',
      expiresAt: now + 25_000,
      data: sampleData[type],
    })
    assert.deepEqual(event, vector.event)
    const message = await sign(event, await importSigningKey(vector.key))
    assert.deepEqual(message.headers, vector.headers)
    assert.equal(Buffer.from(message.body).toString(), vector.body)
  })

  it('is what we accept', async () => {
    const { d: _, ...publicJwk } = vector.key
    const window = { notBefore: '2026-01-01T00:00:00Z', notAfter: '2027-01-01T00:00:00Z' }
    const keys = await importKeySet({ keys: [{ ...publicJwk, ...window }] })
    const message = { headers: vector.headers, body: Buffer.from(vector.body) }
    assert.deepEqual(await verify(message, { keys, cluster: 'lab', now, accept: eventTypes }), vector.event)
  })

  it('is signed over the pre-authentication encoding of DSSE, spelt out', () => {
    const envelope = JSON.parse(Buffer.from(vector.headers['ce-dssematerial'], 'base64').toString())
    const payload = Buffer.from(envelope.payload, 'base64')
    const type = 'https://cloudevents.io/verifiability/dsse/v0.1'
    const signed = Buffer.from(`DSSEv1 46 ${type} ${payload.length} ${payload}`)
    const { d: _, ...key } = vector.key
    assert.ok(
      verifyEd25519(undefined, signed, { key, format: 'jwk' }, Buffer.from(envelope.signatures[0].sig, 'base64')),
    )
  })

  it('is a CloudEvent to the CloudEvents SDK', () => {
    const event = HTTP.toEvent({ headers: vector.headers, body: vector.body })
    assert.ok(event instanceof CloudEvent)
    assert.ok(event.validate())
    assert.deepEqual([event.id, event.type, event.subject], [vector.event.id, vector.event.type, vector.event.subject])
    assert.deepEqual(event.data, vector.event.data)
  })
})
