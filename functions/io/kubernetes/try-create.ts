import type { CallOptions, Kubernetes } from './kubernetes.ts'
import { readBody } from './read-body.ts'

/**
 * Sends an object of any kind through authorisation and admission without keeping it (`dryRun=All`). Resolves when the API server
 * would have made it; throws KubernetesError otherwise.
 */
export async function tryCreate(
  kubernetes: Kubernetes,
  path: string,
  body: unknown,
  options: CallOptions,
): Promise<void> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(kubernetes.timeoutMs)])
  const headers = { 'content-type': 'application/json' }
  const request = { method: 'POST', path: `${path}?dryRun=All`, headers, body: JSON.stringify(body), signal }
  await readBody(await kubernetes.transport.send(request), request)
}
