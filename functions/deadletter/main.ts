// deadletter: turns what could not be delivered into an answer for whoever waits.
import { createEmitter } from '#io/emit'
import { portOf, senderOf, sinkOf } from '#io/environment'
import { listen } from '#io/listen'
import { loadConfig } from '#io/load-config'
import { loadKeys } from '#io/load-keys'
import { createEventServer } from '#io/receive'
import { runFunction } from '#io/run-function'
import { answeredTypes, handleDeadletter } from './handle.ts'

await runFunction('deadletter', async ({ env, telemetry, resources }) => {
  const { log } = telemetry
  const { cluster } = await loadConfig(env)
  const keys = await loadKeys(env, { function: 'deadletter', log })
  const emit = createEmitter({ sink: sinkOf(env), sender: senderOf(env), sign: keys.sign })
  const server = createEventServer({
    function: 'deadletter',
    cluster,
    keys,
    telemetry,
    now: Date.now,
    accept: answeredTypes,
    handle: handleDeadletter({ cluster, emit, now: Date.now }),
    deadLetters: true,
  })
  resources.use(await listen(server, { port: portOf(env), log }))
})
