import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metrics as otel } from '@opentelemetry/api'
import fc from 'fast-check'
import type { Family } from '../testing/parse-prometheus.ts'
import { prometheusName } from '../testing/prometheus-name.ts'
import { openTrialScrape } from '../testing/trial-scrape.ts'
import { type MetricKind, type MetricName, metricTable, mostOfFew } from './metric-table.ts'
import { createMetrics } from './metrics.ts'

const read = openTrialScrape()
const metrics = createMetrics(() => otel.getMeter('tka'))
const kinds = Object.entries(metricTable) as [MetricName, MetricKind][]

/** Gives a metric one value, whatever its kind. */
function give(name: MetricName, kind: MetricKind['kind'], attributes: Readonly<Record<string, string>>): void {
  const given = attributes as never
  if (kind === 'counter') metrics.count(name as never, given)
  if (kind === 'histogram') metrics.record(name as never, 0.1, given)
  if (kind === 'gauge') metrics.observe(name as never, () => [{ value: 1, attributes: given }])
}

describe('the metrics', () => {
  it('read as Prometheus reads them, with the names and units of the table', async () => {
    for (const [name, { kind, attributes }] of kinds) {
      give(
        name,
        kind,
        Object.fromEntries(
          Object.entries(attributes).map(([key, values]) => [key, values === 'few' ? '200' : (values[0] ?? '')]),
        ),
      )
    }
    const families = await read()
    for (const [name, kind] of kinds) {
      const family = families.get(prometheusName(name, kind))
      assert.ok(family, prometheusName(name, kind))
      assert.deepEqual([family.type, family.help], [kind.kind, kind.help])
      assert.ok(family.samples.length > 0)
    }
    const { samples } = families.get('target_info') ?? assert.fail('no target_info')
    assert.equal(samples[0]?.labels.service_name, 'tka-trial')
    assert.equal(samples[0]?.labels.service_version, '1.2.3')
  })

  it('have no label that could name a person', () => {
    const labels = new Set(kinds.flatMap(([, { attributes }]) => Object.keys(attributes)))
    assert.deepEqual([...labels].toSorted(), [
      'http.request.method',
      'http.response.status_code',
      'http.route',
      'outcome',
      'phase',
      'reason',
      'role',
      'type',
    ])
  })

  it('grow no further than the table, whatever is recorded and however often it is read', async () => {
    const stranger = fc.string({ minLength: 1, maxLength: 40 })
    for (const [name, { kind, attributes }] of kinds) {
      if (kind === 'gauge') continue
      const anything = fc.record(Object.fromEntries(Object.keys(attributes).map(key => [key, stranger])))
      for (let reads = 0; reads < 3; reads++) {
        fc.assert(fc.property(anything, given => give(name, kind, given)))
        await read()
      }
    }
    const families = await read()
    for (const [name, kind] of kinds) {
      for (const [key, values] of Object.entries(kind.attributes)) {
        const found = valuesOf(families.get(prometheusName(name, kind)), key.replaceAll('.', '_'))
        if (values === 'few') {
          assert.ok(found.size <= mostOfFew + 1, `${name} ${key}: ${found.size}`)
        } else {
          const strange = [...found].filter(value => !values.includes(value))
          assert.deepEqual(strange, ['other'], `${name} ${key}`)
        }
      }
    }
  })

  it('take a duration that two clocks make negative for none', async () => {
    metrics.record('tka.sweep.lag', -5, {})
    const { samples } = (await read()).get('tka_sweep_lag_seconds') ?? assert.fail('none')
    assert.ok((samples.find(({ name }) => name.endsWith('_sum'))?.value ?? -1) >= 0)
  })
})

function valuesOf(family: Family | undefined, label: string): ReadonlySet<string> {
  return new Set(family?.samples.flatMap(({ labels }) => labels[label] ?? []))
}
