import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { KubernetesError } from './kubernetes-error.ts'
import type { ApiRequest } from './transport.ts'

/** Reads the body of an answer. Throws KubernetesError `unavailable` when it is cut off, or the signal's reason. */
export async function readBody(
  response: IncomingMessage,
  { method, path, signal }: Pick<ApiRequest, 'method' | 'path' | 'signal'>,
): Promise<string> {
  try {
    return await text(response)
  } catch (cause) {
    signal.throwIfAborted()
    throw new KubernetesError('unavailable', `${method} ${path}: the answer was cut off`, { cause })
  }
}
