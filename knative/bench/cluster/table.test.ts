import assert from 'node:assert/strict'
import { it } from 'node:test'
import { functionNames } from '#events'
import { partsOf } from './cold-start.ts'
import { table } from './table.ts'

const mebibyte = 2 ** 20
const pod = (name: (typeof functionNames)[number], bytes: number) => {
  return { pod: `${name}-1`, name, bytes, limitBytes: 256 * mebibyte, podBytes: bytes + 10e6 }
}
const start = (late: number) =>
  partsOf({ sent: 1_000, scheduled: 1_100 + late, listening: 1_800 + late, processAgeMs: 200, answered: 2_000 + late })
const figures = {
  readyMs: 12_345,
  imageBytes: 53_400_000,
  coldStarts: [start(0), start(900), start(0)],
  login: { p50: 80.4, p99: 120.6, count: 100 },
  idle: functionNames.map(name => pod(name, 70e6)),
  logins: 1_000,
  after: functionNames.flatMap(name => [pod(name, 64 * mebibyte), pod(name, 128 * mebibyte)]),
}

it('divides a start into parts that make the whole', () => {
  const { total, ...parts } = start(0)
  assert.deepEqual(parts, { schedule: 100, container: 500, node: 200, answer: 200 })
  assert.equal(total, 1_000)
})

it('refuses moments that are not of one start', () => {
  const moments = { sent: 1_000, scheduled: 1_100, listening: 1_800, processAgeMs: 200, answered: 2_000 }
  assert.throws(() => partsOf({ ...moments, scheduled: 900 }), /schedule took -100 ms/)
  // The line of a pod before.
  assert.throws(() => partsOf({ ...moments, listening: 1_200 }), /container took -100 ms/)
  assert.throws(() => partsOf({ ...moments, answered: 1_700 }), /answer took -100 ms/)
})

it('shows the middle and the worst, the pod that takes most, and the rest', () => {
  const lines = table(figures).split('\n')
  for (const line of [
    '| Knative and the scheduler, until its pod has a node | 100 | 1000 |',
    '| from the event to its answer | 1000 | 1900 |',
    '| login | 70 | 134 | 50 % | 144 |',
    '| from asking to a kubeconfig, warm: p50 and p99 of 100 | 80 and 121 ms |',
    '| from `kubectl apply` until everything is Ready | 12.3 s |',
    '| image, compressed (goal: at most 120 MB) | 53.4 MB |',
  ])
    assert.ok(lines.includes(line), line)
})

it('shows nothing of a function that no pod runs', () => {
  assert.throws(() => table({ ...figures, idle: figures.idle.slice(1) }), /no pod of \w+ was looked at/)
})
