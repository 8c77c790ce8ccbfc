import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { context, trace } from '@opentelemetry/api'
import { trialTelemetry } from './testing/trial-function.ts'
import { eventContext, remoteContext, traceAttributes, traceHeaders } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

describe('the trace of a delivery', () => {
  it('is read from traceparent', () => {
    const span = trace.getSpanContext(remoteContext({ traceparent }))
    assert.deepEqual(span, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1, isRemote: true })
  })

  it('is none when traceparent is broken', () => {
    for (const broken of [
      '',
      'x',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `00-${traceId}-00f067aa0ba902b7-01-more`,
    ]) {
      assert.equal(trace.getSpanContext(remoteContext({ traceparent: broken })), undefined, broken)
    }
  })

  it('is the one in which the event was made, whatever brought it here', () => {
    const broker = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`
    const made = eventContext({ traceparent: broker, 'ce-traceparent': traceparent, 'ce-tracestate': 'a=1' })
    assert.equal(trace.getSpanContext(made)?.spanId, '00f067aa0ba902b7')
    assert.equal(trace.getSpanContext(made)?.traceState?.serialize(), 'a=1')
    assert.equal(trace.getSpanContext(eventContext({ traceparent: broker }))?.spanId, 'b'.repeat(16))
  })

  it('goes on as it came', () => {
    trialTelemetry()
    context.with(remoteContext({ traceparent, tracestate: 'a=1' }), () => {
      assert.deepEqual(traceHeaders(), { traceparent, tracestate: 'a=1' })
      assert.deepEqual(traceAttributes(), { 'ce-traceparent': traceparent, 'ce-tracestate': 'a=1' })
    })
    assert.deepEqual(traceHeaders(), {})
  })

  it('is on every line of the log, with an id of its own where nobody named it', async () => {
    const telemetry = trialTelemetry()
    await telemetry.deliverySpan('event', { traceparent }, async () => telemetry.log.info('named'))
    await telemetry.deliverySpan('event', {}, async () => telemetry.log.info('ours'))
    telemetry.log.info('of none')
    const [named, ours, none] = telemetry.lines.map(line => line.traceId)
    assert.equal(named, traceId)
    assert.match(String(ours), /^(?!0{32})[0-9a-f]{32}$/)
    assert.equal(none, undefined)
  })
})
