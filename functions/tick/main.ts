// tick: what the CronJob runs each minute. Tells the sweeper to look, and exits 0 when the Broker took the hint, else 1.
import { postMessage } from '#io/emit'
import { senderOf, sinkOf } from '#io/environment'
import { loadConfig } from '#io/load-config'
import { createTelemetry } from '#io/telemetry'
import { tickMessage } from './tick-message.ts'

/** Below the Job's activeDeadlineSeconds. The in-memory broker answers only when the sweep is over. */
const timeoutMs = 45_000

const { env } = process
const { log } = createTelemetry({ function: 'tick', env })
try {
  const { cluster } = await loadConfig(env)
  const headers = await senderOf(env)()
  await postMessage(sinkOf(env), tickMessage(cluster, Date.now()), { headers, signal: AbortSignal.timeout(timeoutMs) })
  log.info('the sweeper was told to look')
} catch (error) {
  log.error('could not tell the sweeper to look', { error })
  process.exitCode = 1
}
