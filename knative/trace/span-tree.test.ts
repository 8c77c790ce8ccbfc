import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CollectedSpan } from './collector.ts'
import { drawTree } from './span-tree.ts'

const span = (spanId: string, parentSpanId: string, startedAt: number, failed = false): CollectedSpan => ({
  service: 'tka-login',
  traceId: 't',
  spanId,
  parentSpanId,
  name: `span ${spanId}`,
  failed,
  startedAt,
  tookMs: 1.25,
  attributes: {},
})

describe('the tree of a trace', () => {
  it('has each span under its parent, in the order of their beginnings', () => {
    const spans = [
      span('c', 'a', 3_000, true),
      span('b', 'a', 2_000),
      span('a', 'a laptop', 1_000),
      span('d', 'b', 4_000),
    ]
    assert.equal(
      drawTree(spans),
      [
        'span a        tka-login            0.0 ms     1.3 ms',
        '├─ span b     tka-login            1.0 ms     1.3 ms',
        '│  └─ span d  tka-login            3.0 ms     1.3 ms',
        '└─ span c     tka-login            2.0 ms     1.3 ms  failed',
      ].join('\n'),
    )
  })

  it('of nothing is nothing', () => assert.equal(drawTree([]), ''))
})
