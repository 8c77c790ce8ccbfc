import { createEmitter } from '#io/emit'
import { portOf, senderOf, sinkOf } from '#io/environment'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { connect } from '#io/kubernetes/connection'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { runFunction } from '#io/run-function'
import { observeSweeps } from './observe-sweeps.ts'
import { type ReadOptions, readLeases, readSessionObjects } from './read-session-objects.ts'
import { sweep } from './sweep.ts'
import { createSweepGate } from './sweep-gate.ts'

await runFunction('sweeper', async ({ env, telemetry, resources }) => {
  const { log, metrics } = telemetry
  const config = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'sweeper', log })
  const connection = resources.use(connect(await readClusterAccess(env)))
  const scope = { install: config.install, sessionsNamespace: config.namespaces.sessions }
  const unreadable = (error: Error) => log.error('a Lease cannot be read', { alarm: true, error })
  const deps = {
    config,
    readObjects: (options: ReadOptions) => readSessionObjects(connection, scope, options),
    readLeases: (options: ReadOptions) => readLeases(connection, scope, { ...options, unreadable }),
    emit: createEmitter({ sink: sinkOf(env), sender: senderOf(env), sign: keys.sign }),
    now: Date.now,
    random: Math.random,
    late: (ms: number) => metrics.record('tka.sweep.lag', ms / 1000, {}),
    info: log.info,
  }
  const observed = observeSweeps({ metrics, now: Date.now })
  const observedSweep = (signal: AbortSignal) => observed(() => sweep(deps, signal))
  const gate = resources.use(
    createSweepGate({
      now: () => performance.now(),
      intervalMs: 20_000,
      followUp: () => observedSweep(AbortSignal.timeout(20_000)),
      failed: error => log.error('a sweep failed; the next tick asks for another', { error }),
    }),
  )
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
        const outcome = await gate.pass(() => observedSweep(signal))
        if (outcome === 'deferred') metrics.count('tka.sweeps', { outcome })
        log.info('tick', { outcome })
      },
    },
  })
  resources.use(await listen(app, { port: portOf(env), log }))
})
