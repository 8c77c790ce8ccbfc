import { createAudit } from '#io/audit'
import { createEmitter } from '#io/emit'
import { portOf, senderOf, sinkOf } from '#io/environment'
import { tryCreate } from '#io/kubernetes/try-create'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { runFunction } from '#io/run-function'
import { startExpiryTimers } from './expiry-timers.ts'
import { handleEvents } from './handle.ts'
import { observeSessions } from './observe-sessions.ts'
import { openCluster } from './open-cluster.ts'
import { createOutbox } from './outbox.ts'
import { createPersonQueue } from './person-queue.ts'
import { watchGuard } from './prove-guard.ts'
import { acceptedTypes } from './provisioner-deps.ts'
import { recoverSessions } from './recover-sessions.ts'
import { witnessEnd } from './witness-end.ts'

await runFunction('provisioner', async ({ env, telemetry, resources, signal }) => {
  const { log, metrics } = telemetry
  const config = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'provisioner', log })
  const watchFailed = (error: unknown) => log.warn('a watch was interrupted', { error })
  const watching = new AbortController()
  const open = resources.use(await openCluster({ config, env, signal: watching.signal, failed: watchFailed }))
  resources.defer(() => watching.abort())
  const { cluster, view, kubernetes } = open
  const emit = createEmitter({ sink: sinkOf(env), sender: senderOf(env), sign: keys.sign })
  const outbox = resources.use(createOutbox({ emit, failed: log.warn }))
  const queue = createPersonQueue()
  resources.defer(() => queue.idle())

  const guard = await watchGuard(
    { tryCreate: (path, body, options) => tryCreate(kubernetes, path, body, options), config, now: Date.now },
    doubt => (doubt === undefined ? log.info('the guard holds') : log.error('nothing is granted', { doubt })),
    signal,
  )
  const deps = {
    cluster,
    view,
    config,
    now: Date.now,
    monotonic: () => performance.now(),
    announce: outbox.announce,
    alarm: (message: string, fields: Readonly<Record<string, unknown>>) => {
      metrics.count('tka.alarms', {})
      log.error(message, { alarm: true, ...fields })
    },
    warn: log.warn,
    heldTold: new Map<string, string>(),
    ended: witnessEnd({ audit: createAudit(log), metrics, now: Date.now }),
    guardDoubt: guard.doubt,
    metrics,
  }
  observeSessions(deps)
  // Within the time that the startupProbe leaves it.
  await recoverSessions(deps, queue, AbortSignal.any([signal, AbortSignal.timeout(60_000)]))
  signal.throwIfAborted()
  if (config.expiryTimers) resources.use(startExpiryTimers(deps, queue))
  const app = createEventServer({
    function: 'provisioner',
    cluster: config.cluster,
    keys,
    telemetry,
    now: Date.now,
    accept: acceptedTypes,
    handle: handleEvents(deps, queue),
  })
  resources.use(await listen(app, { port: portOf(env), log }))
})
