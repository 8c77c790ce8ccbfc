import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { prometheusName } from '../testing/prometheus-name.ts'
import { type MetricKind, metricTable } from './metric-table.ts'

const page = await readFile(new URL('../../../docs/telemetry.md', import.meta.url), 'utf8')

describe('docs/telemetry.md', () => {
  it('has every metric with its labels, and no other', () => {
    const rows = page.matchAll(/^\| `([a-z_]+)` \| ([^|]*)\|[^|]*\|[^|]*\|$/gm)
    const told = new Map([...rows].map(([, name = '', labels = '']) => [name, labels.match(/[a-z_]+/g) ?? []] as const))
    const real = Object.entries<MetricKind>(metricTable).map(
      ([name, kind]) =>
        [prometheusName(name, kind), Object.keys(kind.attributes).map(label => label.replaceAll('.', '_'))] as const,
    )
    assert.deepEqual(Object.fromEntries(told), Object.fromEntries(real))
  })
})
