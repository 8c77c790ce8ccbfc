import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trace } from '@opentelemetry/api'
import { trialTelemetry } from './testing/trial-function.ts'
import { remoteContext } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('the trace of a delivery', () => {
  it('is read from traceparent', () => {
    const span = trace.getSpanContext(remoteContext({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` }))
    assert.deepEqual(span, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1, isRemote: true })
  })

  it('is none when traceparent is broken', () => {
    for (const traceparent of [
      '',
      'x',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `01-${traceId}-00f067aa0ba902b7-01`,
    ]) {
      assert.equal(trace.getSpanContext(remoteContext({ traceparent })), undefined, traceparent)
    }
  })

  it('is on every line of its log', async () => {
    const telemetry = trialTelemetry()
    await telemetry.span('event', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }, async (_, log) =>
      log.info('with'),
    )
    await telemetry.span('event', {}, async (_, log) => log.info('without'))
    assert.deepEqual(
      telemetry.lines.map(line => line.traceId),
      [traceId, undefined],
    )
  })
})
