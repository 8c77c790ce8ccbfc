import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { parsePrometheus } from '../testing/parse-prometheus.ts'
import { startProcess } from '../testing/start-process.ts'

const trial = fileURLToPath(new URL('../testing/run-trial.ts', import.meta.url))
const run = fileURLToPath(new URL('../run.ts', import.meta.url))

describe('a function that is asked for metrics', () => {
  it('serves them on a port of their own, and nothing else there', async () => {
    await using process = await startProcess(trial, { TKA_METRICS_PORT: '0' })
    const { port } = await process.line('serving metrics')
    const url = `http://127.0.0.1:${port}`
    const response = await fetch(`${url}/metrics`)
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    const families = parsePrometheus(await response.text())
    assert.equal(families.get('target_info')?.samples[0]?.labels.service_name, 'tka-trial')
    for (const path of ['/', '/metrics/controller', '/health/liveness'])
      assert.equal((await fetch(url + path)).status, 404, path)
    assert.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 404)
    const { port: own } = await process.line('listening')
    assert.equal((await fetch(`http://127.0.0.1:${own}/metrics`)).status, 404, 'not beside its work')
    process.kill('SIGTERM')
    assert.equal(await process.exited, 0)
  })

  it('cannot start on a port that is none', async () => {
    await using process = await startProcess(trial, { TKA_METRICS_PORT: '70000' })
    assert.equal(await process.exited, 1)
    const { error } = await process.line('cannot start')
    assert.match(JSON.stringify(error), /TKA_METRICS_PORT must be a port number/)
  })
})

describe('a function that nobody asks', () => {
  it('loads nothing of an OpenTelemetry SDK', async () => {
    const { metafile } = await build({
      entryPoints: [run],
      bundle: true,
      splitting: true,
      write: false,
      outdir: 'unused',
      platform: 'node',
      format: 'esm',
      metafile: true,
    })
    const outputs = new Map(Object.entries(metafile.outputs))
    const loaded = new Set<string>()
    const load = (file: string): void => {
      const output = outputs.get(file)
      if (output === undefined || loaded.has(file)) return
      loaded.add(file)
      for (const { path, kind } of output.imports) if (kind === 'import-statement') load(path)
    }
    for (const [file, { entryPoint }] of outputs) if (entryPoint?.endsWith('functions/io/run.ts')) load(file)
    const inputs = [...loaded].flatMap(file => Object.keys(outputs.get(file)?.inputs ?? {}))
    assert.ok(inputs.some(path => path.includes('@opentelemetry/api')))
    assert.deepEqual(
      inputs.filter(path => /@opentelemetry\/(sdk|exporter|otlp|resources)/.test(path)),
      [],
    )
  })
})
