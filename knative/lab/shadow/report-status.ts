import { type Api, ApiError } from '../../kube/api.ts'
import type { KnativeService, Pod } from './objects.ts'
import type { PodStatus } from './run-job-pod.ts'

/** Name under which a function's one revision goes. */
export const revisionOf = (name: string): string => `${name}-shadow`

/**
 * Writes a ksvc's status as Serving would: its address as soon as it is known, Ready once its process is. A subscriber
 * needs the address alone.
 */
export async function reportFunction(
  api: Api,
  { metadata }: KnativeService,
  host: string,
  ready: boolean,
): Promise<void> {
  const { name, namespace, generation } = metadata
  const url = `http://${host}`
  const common = { status: ready ? 'True' : 'Unknown', lastTransitionTime: new Date().toISOString() }
  await patchStatus(api, `/apis/serving.knative.dev/v1/namespaces/${namespace}/services/${name}`, {
    url,
    address: { url },
    conditions: ['ConfigurationsReady', 'Ready', 'RoutesReady'].map(type => ({ type, ...common })),
    ...(ready
      ? {
          observedGeneration: generation,
          latestCreatedRevisionName: revisionOf(name),
          latestReadyRevisionName: revisionOf(name),
        }
      : {}),
  })
}

/** Writes a Pod's status, as a kubelet would. */
export function reportPod(api: Api, { metadata }: Pod, status: PodStatus): Promise<void> {
  return patchStatus(api, `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, status)
}

async function patchStatus(api: Api, path: string, status: object): Promise<void> {
  try {
    await api.call('PATCH', `${path}/status`, { contentType: 'application/merge-patch+json', body: { status } })
  } catch (error) {
    // Deleted in the meantime: nobody is left to tell.
    if (!(error instanceof ApiError && error.status === 404)) throw error
  }
}
