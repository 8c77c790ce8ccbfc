import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { version as uuidVersion } from 'uuid'
import { createEvent } from './create-event.ts'
import { sourceOf } from './functions.ts'
import { noWish, sequenceAt } from './sequence.ts'
import { sampleData } from './testing/sample-events.ts'

const now = Date.parse('2026-11-23T10:00:00.999Z')
const asked = 'dev.tka.logout.requested.v1'
const fields = { source: sourceOf('lab', 'login'), subject: 'tka-user-alice', data: sampleData[asked], now }

describe('a new event', () => {
  it("has a UUIDv7, whole seconds, a life of 60 s, and nobody's wish", () => {
    const event = createEvent(asked, fields)
    assert.equal(uuidVersion(event.id), 7)
    assert.equal(event.time, '2026-11-23T10:00:00Z')
    assert.equal(event.expirytime, '2026-11-23T10:01:00Z')
    assert.equal(event.sequence, noWish)
    assert.equal(event.partitionkey, event.subject)
  })

  it('at the root of a flow is its own correlation and cause', () => {
    const { id, correlationid, causationid } = createEvent(asked, fields)
    assert.deepEqual([correlationid, causationid], [id, id])
  })

  it('carries on the flow and the wish of its cause', () => {
    const root = createEvent(asked, { ...fields, sequence: sequenceAt(now) })
    const type = 'dev.tka.session.revocation.requested.v1'
    const second = createEvent(type, { ...fields, data: sampleData[type], cause: root })
    const third = createEvent(type, { ...fields, data: sampleData[type], cause: second })
    assert.deepEqual([third.correlationid, third.causationid, third.sequence], [root.id, second.id, root.sequence])
  })

  it('ends when nobody waits for it any more', () => {
    assert.equal(createEvent(asked, { ...fields, expiresAt: now + 25_000 }).expirytime, '2026-11-23T10:00:25Z')
  })

  it('is made only as its schema says, and the error tells no value', () => {
    const wrong = { ...fields, subject: 'Not A Name', data: { ...sampleData[asked], userId: 'a secret' } }
    assert.throws(
      () => createEvent(asked, wrong),
      (error: Error) =>
        /subject/.test(error.message) && /data\.userId/.test(error.message) && !/secret|Not A/.test(error.message),
    )
  })
})

describe('sequence', () => {
  const instants = fc.integer({ min: 0, max: 9_999_999_999_999 })

  it('is 16 digits that sort as the clock runs', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        const [first, second] = [sequenceAt(a), sequenceAt(b)]
        assert.match(first, /^\d{16}$/)
        assert.equal(first < second, a < b && first !== second)
      }),
    )
  })

  it('is always later than the one before, whatever the clock says', () => {
    fc.assert(fc.property(instants, instants, (a, b) => sequenceAt(b, sequenceAt(a)) > sequenceAt(a)))
  })
})
