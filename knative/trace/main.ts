// `make trace`: the spans of one login and one logout as trees, from the request over the tailnet to the Kubernetes calls and back.
import { randomBytes } from 'node:crypto'
import { startLab } from '../lab/index.ts'
import { installTka } from '../lab/install.ts'
import { joinPerson } from '../lab/person.ts'
import { startCollector } from './collector.ts'
import { drawTree } from './span-tree.ts'

const progress = (line: string): void => void process.stderr.write(`${line}\n`)

await using collector = await startCollector()
await using lab = await startLab({ progress })
await using install = await installTka(lab, {
  roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }],
  config: { homeDomain: 'example.com' },
  imageEnv: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
  progress,
})
await using alice = await joinPerson(lab, install, {
  hostname: `alice-${install.install}`,
  login: 'alice@example.com',
  rules: [{ role: 'view', period: '8h' }],
})
// The first of each is slower: connections are opened, code is compiled.
for (const round of ['the first', 'the second']) {
  for (const [path, last] of [
    ['/login', 'process dev.tka.session.granted.v1'],
    ['/logout', 'process dev.tka.session.ended.v1'],
  ] as const) {
    const traceId = randomBytes(16).toString('hex')
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
    const { status } = await alice.request('POST', path, { traceparent })
    const spans = await collector.trace(traceId, [`POST /api/v1alpha1${path}`, last])
    process.stdout.write(
      `\n${round} POST ${path}: ${status}, ${spans.length} spans of trace ${traceId}\n${drawTree(spans)}\n`,
    )
  }
}
