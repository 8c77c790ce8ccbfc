import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { FunctionName, KeySet } from '#events'
import { sign } from '#events/sign'
import type { TrialKeys } from '#events/testing/trial-keys'
import type { EventKeys } from '../load-keys.ts'
import { createTelemetry, type Telemetry } from '../telemetry.ts'

/** The keys of one function, for tests: held in memory, where a pod has files. */
export function trialEventKeys(trial: TrialKeys, owner: FunctionName): EventKeys {
  const read = async (): Promise<KeySet> => trial.keys
  return { publicKeys: { current: read, reread: read }, sign: event => sign(event, trial.keyOf(owner)) }
}

/** Real telemetry whose log lines are kept, for tests. */
export interface TrialTelemetry extends Telemetry {
  readonly lines: readonly Readonly<Record<string, unknown>>[]
}

export function trialTelemetry(name = 'trial'): TrialTelemetry {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const lines: Record<string, unknown>[] = []
  const telemetry = createTelemetry({
    function: name,
    env: { TKA_LOG_LEVEL: 'debug' },
    write: line => lines.push(JSON.parse(line)),
  })
  return { ...telemetry, lines }
}
