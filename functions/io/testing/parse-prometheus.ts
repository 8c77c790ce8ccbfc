import assert from 'node:assert/strict'

/** One series and its value. */
interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One metric of a scrape. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly Sample[]
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/y
const sampleLine = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (\\S+)$`)
const parts: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  counter: [''],
  gauge: [''],
}

/**
 * Reads Prometheus' text exposition format 0.0.4 as strictly as its specification allows: each metric in one group that begins with
 * HELP and TYPE, each series once, buckets that add up. Throws AssertionError with the line otherwise.
 */
export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line must end')
  const families = new Map<string, Family & { samples: Sample[] }>()
  const seen = new Set<string>()
  let family: (Family & { samples: Sample[] }) | undefined
  let help: readonly [string, string] | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = new RegExp(`^# (HELP|TYPE) (${metricName}) (.*)$`).exec(line) ?? []
    if (kind === 'HELP') {
      help = [name, rest]
    } else if (kind === 'TYPE') {
      assert.ok(!families.has(name), `a second group of ${name}`)
      assert.equal(help?.[0], name, `TYPE without HELP: ${line}`)
      assert.ok(rest in parts, `unknown type: ${line}`)
      family = { name, help: help?.[1] ?? '', type: rest, samples: [] }
      families.set(name, family)
    } else if (!line.startsWith('# ')) {
      const sample = parseSample(line)
      const known = family
      assert.ok(known && parts[known.type]?.some(part => known.name + part === sample.name), `out of place: ${line}`)
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted())}`
      assert.ok(!seen.has(series), `twice: ${line}`)
      seen.add(series)
      known.samples.push(sample)
    }
  }
  for (const each of families.values()) if (each.type === 'histogram') checkBuckets(each)
  return families
}

function parseSample(line: string): Sample {
  const [, name, inner = '', text] = sampleLine.exec(line) ?? []
  assert.ok(name !== undefined && text !== undefined, `no sample: ${line}`)
  const labels: Record<string, string> = {}
  for (let at = 0; at < inner.length; ) {
    labelPair.lastIndex = at
    const [pair = '', label = '', value = ''] = labelPair.exec(inner) ?? []
    assert.ok(label !== '' && !(label in labels), `no label at ${at}: ${line}`)
    labels[label] = value
    at += pair.length
    assert.ok(at === inner.length || inner[at] === ',', `no comma at ${at}: ${line}`)
    at += 1
  }
  const value = text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text)
  assert.ok(!Number.isNaN(value), `no number: ${line}`)
  return { name, labels, value }
}

function checkBuckets({ name, samples }: Family): void {
  const of = (part: string) => samples.filter(sample => sample.name === name + part)
  for (const { labels, value } of of('_count')) {
    const same = JSON.stringify(Object.entries(labels).toSorted())
    const buckets = of('_bucket').filter(
      ({ labels: { le: _, ...others } }) => JSON.stringify(Object.entries(others).toSorted()) === same,
    )
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)))
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name}: buckets out of order`,
    )
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name}: no +Inf`)
    const counts = buckets.map(bucket => bucket.value)
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name}: buckets are cumulative`,
    )
    assert.equal(counts.at(-1), value, `${name}: +Inf is the count`)
  }
}
