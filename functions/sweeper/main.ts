import { createEmitter } from '#io/emit'
import { portOf, senderOf, sinkOf } from '#io/environment'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { connectKubernetes } from '#io/kubernetes/kubernetes'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { run } from '#io/run'
import { readSessionObjects } from './read-session-objects.ts'
import { sweep } from './sweep.ts'
import { createSweepGate } from './sweep-gate.ts'

await run('sweeper', async ({ env, telemetry, resources }) => {
  const { log, metrics } = telemetry
  const config = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'sweeper', log })
  const access = await readClusterAccess(env)
  const kubernetes = resources.use(await connectKubernetes(access))
  const scope = { install: config.install, sessionsNamespace: config.namespaces.sessions }
  const unreadable = (error: Error) => log.error('a Lease cannot be read', { alarm: true, error })
  const deps = {
    config,
    readObjects: ({ signal }: { readonly signal: AbortSignal }) =>
      readSessionObjects(kubernetes, scope, { signal, unreadable }),
    emit: createEmitter({ sink: sinkOf(env), sender: senderOf(env), sign: keys.sign }),
    now: Date.now,
    late: (ms: number) => metrics.record('tka.sweep.lag', ms / 1000, {}),
    info: log.info,
  }
  const gate = createSweepGate({ now: () => performance.now(), intervalMs: 20_000 })
  const app = createEventServer({
    function: 'sweeper',
    cluster: config.cluster,
    keys,
    telemetry,
    now: Date.now,
    accept: [],
    handle: async () => undefined,
    hints: {
      // The second is the type of a PingSource, which cannot be given another.
      types: ['dev.tka.sweep.requested.v1', 'dev.knative.sources.ping'],
      handle: async (_tick, { signal, log }) => {
        const outcome = await gate
          .pass(() => sweep(deps, signal))
          .catch((error: unknown) => {
            metrics.count('tka.sweeps', { outcome: 'failed' })
            throw error
          })
        metrics.count('tka.sweeps', { outcome })
        log.info('tick', { outcome })
      },
    },
  })
  resources.use(await listen(app, { port: portOf(env), log }))
})
