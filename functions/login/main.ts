import { hostname } from 'node:os'
import { createEmitter } from '#io/emit'
import { portOf, senderOf, sinkOf } from '#io/environment'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { connectKubernetes } from '#io/kubernetes/kubernetes'
import { openSessionCluster } from '#io/kubernetes/session-cluster'
import { watchSessions } from '#io/kubernetes/session-index'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { run } from '#io/run'
import { createLogin } from './create-login.ts'
import { answerTypes, handleAnswer } from './handle-answer.ts'
import { createNodeDirectory } from './node-directory.ts'
import { defaultTiming, holdNode } from './node-lease.ts'
import { nodeLeaseCalls } from './node-lease-calls.ts'
import { createNodeState } from './node-state.ts'
import { type NodeUp, serveTailnet } from './serve-tailnet.ts'
import { createTailnetApp } from './tailnet-app.ts'
import { createGrantWatch } from './watch-grants.ts'

await run('login', async ({ env, telemetry, resources, signal }) => {
  const { log } = telemetry
  const now = Date.now
  const config = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'login', log })
  const emit = createEmitter({ sink: sinkOf(env), sender: senderOf(env), sign: keys.sign, telemetry })
  const access = await readClusterAccess(env)
  const kubernetes = resources.use(await connectKubernetes(access))

  // People who wait while the process stops are still answered from their Leases.
  const watching = resources.adopt(new AbortController(), controller => controller.abort())
  const scope = { install: config.install, sessionsNamespace: config.namespaces.sessions }
  const sessions = await watchSessions(kubernetes, {
    ...scope,
    signal: watching.signal,
    failed: error => log.warn('the watch of the Leases failed and goes on', { error }),
  })
  const cluster = openSessionCluster(kubernetes, scope)

  let up: NodeUp | undefined
  const login = createLogin({
    config,
    ca: config.apiServer.ca ?? access.ca,
    now,
    sessions,
    emit,
    serviceAccountGone: async (person, until) =>
      (await cluster.getServiceAccount(person, { signal: until })) === undefined,
    handingOver: () => up?.leaving.aborted ?? false,
    failed: ({ type, id }, error) => log.warn('the broker did not take an event', { type, event: id, error }),
  })
  const directory = createNodeDirectory(config.capability)
  const grants = createGrantWatch({
    ...login,
    whoIsNode: async id => (up ? directory.whoIsNode(id, up.node) : { kind: 'whois-failed' }),
  })

  const answer = handleAnswer({
    ...login,
    mismatch: (event, what) => log.warn('an answer does not fit', { type: event.type, event: event.id, what }),
  })
  const events = createEventServer({
    function: 'login',
    cluster: config.cluster,
    keys,
    telemetry,
    now,
    accept: answerTypes,
    handle: answer,
  })
  resources.use(await listen(events, { port: portOf(env), log }))
  resources.defer(() => login.delivery.idle(AbortSignal.timeout(10_000)))

  const app = createTailnetApp({
    ...login,
    checkGrant: grants.check,
    answered: answer => log.info('answered', { ...answer }),
    failed: (error, request) => log.error('a request failed', { ...request, error }),
  })
  const { system } = config.namespaces
  const lease = { namespace: system, name: `${config.install}-login` }
  const serving = serveTailnet(
    {
      config,
      app,
      directory,
      log,
      state: createNodeState(kubernetes, { namespace: system, name: `${config.install}-login-node` }),
      authKeyFile: env.TKA_TAILNET_AUTH_KEY_FILE ?? '/etc/tka/tailnet/auth-key',
      nodeChanged: node => {
        up = node
      },
      hold: options =>
        holdNode(
          {
            // A restarted container is the same pod and takes its own Lease back at once.
            me: `${hostname()}-${process.pid}`,
            ...nodeLeaseCalls(kubernetes, lease, now),
            failed: error => log.warn('the Lease of the tailnet node failed', { error }),
            timing: defaultTiming,
          },
          options,
        ),
    },
    signal,
  )
  const checking = grants.run(signal)
  resources.defer(async () => {
    await Promise.all([serving, checking])
  })
})
