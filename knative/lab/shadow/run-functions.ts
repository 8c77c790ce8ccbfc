import type { Api } from '../../kube/api.ts'
import { follow } from './follow.ts'
import { KnativeService } from './objects.ts'
import type { RunningFunction } from './run-function.ts'

/** The functions of a namespace, by the name of their ksvc. */
export interface RunningFunctions extends AsyncDisposable {
  /** A function may be asked for before its ksvc has been seen. */
  get(name: string): RunningFunction
}

/** Runs every ksvc of the namespace that `wanted` says. */
export async function runFunctions(
  api: Api,
  namespace: string,
  deps: {
    readonly wanted: (name: string) => boolean
    readonly make: (name: string) => RunningFunction
    readonly log: (line: string) => void
  },
  signal: AbortSignal,
): Promise<RunningFunctions> {
  const functions = new Map<string, RunningFunction>()
  const ending = new Set<Promise<void>>()
  const get = (name: string): RunningFunction => {
    const found = functions.get(name) ?? deps.make(name)
    functions.set(name, found)
    return found
  }
  const end = async (name: string): Promise<void> => {
    const ended = functions.get(name)
    functions.delete(name)
    await ended?.[Symbol.asyncDispose]()
  }
  await follow(
    api,
    `/apis/serving.knative.dev/v1/namespaces/${namespace}/services`,
    KnativeService,
    {
      seen: service => {
        const { name } = service.metadata
        if (deps.wanted(name)) get(name).update(service)
      },
      gone: ({ metadata }) => void ending.add(end(metadata.name)),
      failed: error => deps.log(`watch: ${error}`),
    },
    { signal },
  )
  return {
    get,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...ending, ...[...functions.keys()].map(end)])
    },
  }
}
