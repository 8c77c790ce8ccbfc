// keys: what the Job and the CronJob of that name run. Makes, rotates or replaces the signing keys, and exits 0 when all is done.
import * as v from 'valibot'
import { parseDuration } from '#core/duration'
import { readClusterAccess } from '#io/kubernetes/cluster-access'
import { connectKubernetes } from '#io/kubernetes/kubernetes'
import { loadConfig } from '#io/load-config'
import { createTelemetry } from '#io/telemetry'
import { keepKeys } from './keep-keys.ts'
import { openKeyStore } from './key-store.ts'

/** Below the Job's activeDeadlineSeconds. */
const timeoutMs = 58 * 60_000

const duration = (fallback: string) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.transform(parseDuration),
    v.number('must be a duration such as 5m or 8760h'),
    v.minValue(0),
  )
const Environment = v.object({
  TKA_KEYS: v.picklist(['make', 'rotate', 'replace']),
  TKA_KEYS_LEAD: duration('5m'),
  TKA_KEYS_GRACE: duration('10m'),
  TKA_KEYS_LIFE: duration('8760h'),
})

const { env } = process
const { log } = createTelemetry({ function: 'keys', env })
try {
  const asked = v.parse(Environment, env)
  const { install, namespaces } = await loadConfig(env)
  using kubernetes = await connectKubernetes(await readClusterAccess(env))
  const deps = {
    store: openKeyStore(kubernetes, { install, namespace: namespaces.system }),
    timing: { leadMs: asked.TKA_KEYS_LEAD, graceMs: asked.TKA_KEYS_GRACE },
    lifeMs: asked.TKA_KEYS_LIFE,
    now: Date.now,
    info: log.info,
  }
  await keepKeys(deps, asked.TKA_KEYS, AbortSignal.timeout(timeoutMs))
  log.info('the keys are as they should be', { asked: asked.TKA_KEYS })
} catch (error) {
  log.error('the keys are not yet as they should be', { error })
  process.exitCode = 1
}
