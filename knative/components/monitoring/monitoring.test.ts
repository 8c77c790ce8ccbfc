import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { parser } from '@prometheus-io/lezer-promql'
import * as v from 'valibot'
import { parse, parseAllDocuments } from 'yaml'
import { type MetricKind, metricTable } from '../../../functions/io/telemetry/metric-table.ts'
import { prometheusName } from '../../../functions/io/testing/prometheus-name.ts'
import { readBase } from '../../render/read-base.ts'

const read = (name: string) => readFile(new URL(name, import.meta.url), 'utf8')

const text = v.pipe(v.string(), v.nonEmpty())
const Alert = v.strictObject({
  alert: v.pipe(v.string(), v.regex(/^Tka[A-Z]\w+$/)),
  expr: text,
  for: v.pipe(v.string(), v.regex(/^\d+m$/)),
  labels: v.strictObject({ severity: v.picklist(['warning', 'critical']) }),
  annotations: v.strictObject({ summary: text, runbook: v.pipe(v.string(), v.minLength(30)) }),
})
const Rules = v.object({
  apiVersion: v.literal('monitoring.coreos.com/v1'),
  kind: v.literal('PrometheusRule'),
  spec: v.strictObject({ groups: v.tuple([v.strictObject({ name: text, rules: v.array(Alert) })]) }),
})
const Source = v.object({ type: v.literal('prometheus'), uid: v.pipe(v.string(), v.regex(/^\$\{datasource\}$/)) })
const Panel = v.strictObject({
  id: v.number(),
  type: v.picklist(['timeseries', 'stat']),
  title: text,
  description: text,
  gridPos: v.strictObject({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
  datasource: Source,
  fieldConfig: v.object({ defaults: v.object({ unit: v.picklist(['short', 's', 'reqps']) }) }),
  targets: v.array(
    v.object({ refId: v.pipe(v.string(), v.regex(/^[A-Z]$/)), expr: text, legendFormat: text, datasource: Source }),
  ),
})
// What Grafana's schema (dashboard model, version 39) wants of every dashboard.
const Dashboard = v.object({
  uid: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,40}$/)),
  title: text,
  schemaVersion: v.literal(39),
  time: v.strictObject({ from: text, to: text }),
  templating: v.object({ list: v.array(v.object({ name: text, type: v.picklist(['datasource', 'query']) })) }),
  panels: v.array(Panel),
})
const PodMonitor = v.object({
  kind: v.literal('PodMonitor'),
  spec: v.strictObject({
    selector: v.union([
      v.strictObject({ matchLabels: v.record(v.string(), v.string()) }),
      v.strictObject({
        matchExpressions: v.array(
          v.object({ key: v.string(), operator: v.literal('In'), values: v.array(v.string()) }),
        ),
      }),
    ]),
    podTargetLabels: v.array(v.string()),
    podMetricsEndpoints: v.array(
      v.strictObject({
        portNumber: v.literal(8080),
        path: v.string(),
        interval: v.string(),
        relabelings: v.tuple([
          v.strictObject({
            sourceLabels: v.tuple([v.literal('__address__')]),
            regex: v.string(),
            targetLabel: v.literal('__address__'),
            replacement: v.string(),
          }),
        ]),
      }),
    ),
  }),
})

const rules = v.parse(Rules, parse(await read('alerts.yaml'))).spec.groups[0].rules
const dashboard = v.parse(Dashboard, JSON.parse(await read('dashboard.json')))
const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

/** Series that each metric has in Prometheus, with its labels. */
const series = new Map(
  Object.entries<MetricKind>(metricTable).flatMap(([name, kind]): (readonly [string, readonly string[]])[] => {
    const labels = Object.keys(kind.attributes).map(label => label.replaceAll('.', '_'))
    const prometheus = prometheusName(name, kind)
    return kind.kind === 'histogram'
      ? ['_bucket', '_sum', '_count'].map(end => [prometheus + end, [...labels, 'le']] as const)
      : [[prometheus, labels] as const]
  }),
)

/** Parses PromQL and gives the metrics and the labels that it names. */
function namesIn(expr: string): { readonly metrics: readonly string[]; readonly labels: readonly string[] } {
  // Grafana's own, which it replaces before it asks.
  const query = expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h')
  const metrics: string[] = []
  const labels: string[] = []
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      assert.ok(!type.isError, `not PromQL at ${from}: ${query}`)
      if (type.name === 'VectorSelector') metrics.push(/^\w+/.exec(query.slice(from, to))?.[0] ?? '')
      if (type.name === 'LabelName') labels.push(query.slice(from, to))
    },
  })
  return { metrics, labels }
}

describe('what the monitoring component asks of Prometheus', () => {
  for (const expr of [...rules.map(rule => rule.expr), ...shown]) {
    it(`is of figures that there are: ${expr}`, () => {
      const { metrics, labels } = namesIn(expr)
      assert.ok(metrics.length > 0)
      for (const metric of metrics) assert.ok(series.has(metric), `there is no ${metric}`)
      const known = new Set(['namespace', ...metrics.flatMap(metric => series.get(metric) ?? [])])
      for (const label of labels) assert.ok(known.has(label), `${metrics} have no label ${label}`)
    })
  }

  it('would notice a mistake', () => {
    assert.throws(() => namesIn('sum by (reason (rate(tka_alarms_total[5m]))'), /not PromQL/)
  })
})

describe('the alerts', () => {
  for (const { alert, expr } of rules.filter(rule => rule.expr.includes('increase('))) {
    it(`see what a series begins with, which is no increase of it: ${alert}`, () => {
      const counted = [...expr.matchAll(/increase\((\w+\{[^}]*\})\[(\d+m)\]\)/g)]
      assert.ok(counted.length > 0)
      for (const [, series, range] of counted)
        assert.ok(expr.includes(`${series} unless ${series} offset ${range}`), expr)
    })
  }

  it('each have a name of their own, and a word in docs/operate.md', async () => {
    const page = await readFile(new URL('../../../docs/operate.md', import.meta.url), 'utf8')
    const told = [...page.matchAll(/^### (Tka\w+)\n\n.+\n\n\*Do\*: (.+)$/gm)].map(([, name, todo]) => [name, todo])
    const real = rules.map(({ alert, annotations }) => [alert, annotations.runbook])
    assert.deepEqual(told.toSorted(), real.toSorted())
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  })
})

describe('the dashboard', () => {
  it('shows every figure of ours', () => {
    const asked = shown.flatMap(expr => namesIn(expr).metrics).map(metric => metric.replace(/_bucket$/, ''))
    const ours = Object.entries<MetricKind>(metricTable).map(([name, kind]) => prometheusName(name, kind))
    assert.deepEqual([...new Set(asked)].sort(), ours.sort())
  })

  it('has no panel twice, and none on top of another', () => {
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w } }) =>
      Array.from({ length: w }, (_, at) => `${x + at} ${y}`),
    )
    assert.equal(new Set(cells).size, cells.length)
    assert.ok(dashboard.panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24))
  })
})

describe('the PodMonitors', () => {
  it('find a pod by the port that it declares, and scrape the one that it does not', async () => {
    for (const document of parseAllDocuments(await read('pod-monitor.yaml'))) {
      for (const { relabelings } of v.parse(PodMonitor, document.toJS()).spec.podMetricsEndpoints) {
        const [{ regex, replacement }] = relabelings
        for (const host of ['10.0.0.1', '[fd00::1]'])
          assert.equal(`${host}:8080`.replace(new RegExp(`^${regex}$`), replacement), `${host}:9464`)
      }
    }
  })

  it('scrape every function where it serves its figures', async () => {
    const monitors = parseAllDocuments(await read('pod-monitor.yaml')).map(
      document => v.parse(PodMonitor, document.toJS()).spec,
    )
    const named = monitors.flatMap(({ selector, podMetricsEndpoints }) => {
      const names =
        'matchLabels' in selector
          ? Object.values(selector.matchLabels)
          : selector.matchExpressions.flatMap(({ values }) => values)
      return names.map(name => [name, podMetricsEndpoints[0]?.path])
    })
    const Annotated = v.object({
      spec: v.object({ template: v.object({ metadata: v.object({ annotations: v.record(v.string(), v.string()) }) }) }),
    })
    const served = (await readBase())
      .filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev/'))
      .map(service => [
        service.metadata.name,
        v.parse(Annotated, service).spec.template.metadata.annotations['prometheus.io/path'],
      ])
    assert.deepEqual(Object.fromEntries(named), Object.fromEntries(served))
  })
})
