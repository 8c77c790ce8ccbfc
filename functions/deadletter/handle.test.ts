import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isProblemCode } from '#core/problem'
import { authority, eventTypes, type HttpMessage, sourceOf, type TkaEvent } from '#events'
import { sampleEvent } from '#events/testing/sample-events'
import { EmitFailed } from '#io/emit'
import { trialTelemetry } from '#io/testing/trial-function'
import { answeredTypes, handleDeadletter } from './handle.ts'

const now = Date.parse('2026-11-23T10:00:00Z')
const message: HttpMessage = {
  headers: {
    'ce-knativeerrordest': 'http://provisioner',
    'ce-knativeerrorcode': '503',
    'ce-knativeerrordata': 'anything',
  },
  body: new Uint8Array(),
}

function dead(event: Parameters<ReturnType<typeof handleDeadletter>>[0], emit: (event: TkaEvent) => Promise<void>) {
  const telemetry = trialTelemetry()
  const handle = handleDeadletter({ cluster: 'lab', emit, now: () => now })
  const done = handle(event, { signal: AbortSignal.timeout(1_000), log: telemetry.log, message })
  return { done, lines: telemetry.lines }
}

describe('an event that could not be delivered', () => {
  for (const type of answeredTypes) {
    it(`of type ${type} is answered with one denial, through the sink`, async () => {
      const event = sampleEvent(type, now - 600_000)
      const emitted: TkaEvent[] = []
      const reply = await dead(event, async denial => void emitted.push(denial)).done
      assert.equal(reply, undefined)
      assert.equal(emitted.length, 1)
      const [denial] = emitted
      assert.equal(denial?.type, 'dev.tka.session.denied.v1')
      assert.deepEqual(
        [denial.subject, denial.correlationid, denial.causationid],
        [event.subject, event.correlationid, event.id],
      )
      assert.equal(denial.expirytime, '2026-11-23T10:01:00Z')
      const request = event.type === 'dev.tka.session.revocation.requested.v1' ? event.data.request : event.id
      assert.deepEqual(denial.data, { request, code: 'unavailable', retriable: true })
      assert.ok(isProblemCode(denial.data.code))
    })
  }

  it('is answered to nobody when a sweep asked: no person waits for it', async () => {
    const asked = sampleEvent('dev.tka.session.revocation.requested.v1', now)
    const { done, lines } = dead({ ...asked, source: sourceOf('lab', 'sweeper') }, () => assert.fail('answered'))
    await done
    assert.equal(lines.length, 1, 'but told of')
  })

  it('is logged with where it should have gone, and nothing of what was answered there', async () => {
    const { done, lines } = dead(sampleEvent('dev.tka.session.requested.v1', now), async () => {})
    await done
    const [{ destination, status, subject } = {}] = lines
    assert.deepEqual([destination, status, subject], ['http://provisioner', '503', 'tka-user-alice'])
    assert.ok(!JSON.stringify(lines).includes('anything'))
  })

  it('is delivered here again when the denial could not be sent', async () => {
    const down = new EmitFailed('no broker')
    await assert.rejects(dead(sampleEvent('dev.tka.session.requested.v1', now), () => Promise.reject(down)).done, down)
  })
})

describe('the answered types', () => {
  it('are those that somebody waits for, and none that deadletter says itself', () => {
    const asking = eventTypes.filter(type => type.endsWith('.requested.v1'))
    assert.deepEqual([...answeredTypes].sort(), asking.sort())
    assert.ok(answeredTypes.every(type => !authority[type].signers.includes('deadletter')))
  })
})
