import { createAudit } from '#io/audit'
import { createEmitter } from '#io/emit'
import { portOf, senderOf, sinkOf } from '#io/environment'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { runFunction } from '#io/run-function'
import { createLogin } from './create-login.ts'
import { answerTypes, handleAnswer } from './handle-answer.ts'
import { openCluster } from './open-cluster.ts'
import { openTailnet } from './open-tailnet.ts'
import { createRequestLimits } from './request-limits.ts'
import { createTailnetApp } from './tailnet-app.ts'
import { createGrantWatch } from './watch-grants.ts'

await runFunction('login', async ({ env, telemetry, resources, signal }) => {
  const { log, metrics } = telemetry
  const config = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'login', log })
  const emit = createEmitter({ sink: sinkOf(env), sender: senderOf(env), sign: keys.sign })
  // People who wait while the process stops are still answered from their Leases.
  const cluster = resources.use(await openCluster(config, env, log))
  const tailnet = openTailnet({ config, env, kubernetes: cluster.kubernetes, log })
  const failed = ({ type, id }: { readonly type: string; readonly id: string }, error: unknown) =>
    log.warn('the broker did not take an event', { type, event: id, error })
  const login = createLogin({ ...cluster, config, emit, failed, now: Date.now, handingOver: tailnet.handingOver })
  metrics.observe('tka.tailnet.up', () => [{ value: tailnet.isUp() ? 1 : 0, attributes: {} }])
  metrics.observe('tka.login.waiting', () => [{ value: login.waiters.size, attributes: {} }])
  const grants = createGrantWatch({ ...login, whoIsNode: tailnet.whoIsNode })

  const handle = handleAnswer({
    ...login,
    mismatch: ({ type, id }, what) => log.warn('an answer does not fit', { type, event: id, what }),
  })
  const { cluster: name } = config
  const answers = {
    function: 'login',
    cluster: name,
    keys,
    telemetry,
    now: Date.now,
    accept: answerTypes,
    handle,
  } as const
  resources.use(await listen(createEventServer(answers), { port: portOf(env), log }))
  resources.defer(() => login.delivery.idle(AbortSignal.timeout(10_000)))

  const app = createTailnetApp({
    ...login,
    checkGrant: grants.check,
    limits: createRequestLimits(config.login.limits, () => performance.now()),
    answered: answer => log.info('answered', { ...answer }),
    audit: createAudit(log),
    metrics,
    failed: (error, request) => log.error('a request failed', { ...request, error }),
  })
  const running = Promise.all([tailnet.serve(app, signal), grants.run(signal)])
  resources.defer(async () => void (await running))
})
