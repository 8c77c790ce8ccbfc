import * as v from 'valibot'
import { KubernetesError, type KubernetesFailure } from './kubernetes-error.ts'

/** The part of `meta/v1 Status` that anybody decides on. */
const Status = v.object({ kind: v.literal('Status'), message: v.optional(v.string()), reason: v.optional(v.string()) })

/** Maps an answer of the API server that is no 2xx to a KubernetesError. */
export function failureOf(
  request: { readonly method: string; readonly path: string },
  status: number,
  body: string,
): KubernetesError {
  const { reason = '', message = '' } = readStatus(body)
  const failure = classify(status, reason, message)
  return new KubernetesError(failure, `${request.method} ${request.path}: ${status} ${reason} ${message}`.trim(), {
    status,
  })
}

function readStatus(body: string): { reason?: string | undefined; message?: string | undefined } {
  try {
    const parsed = v.safeParse(Status, JSON.parse(body))
    return parsed.success ? parsed.output : {}
  } catch {
    return {}
  }
}

function classify(status: number, reason: string, message: string): KubernetesFailure {
  if (status === 404) return 'not-found'
  if (status === 409) return reason === 'AlreadyExists' ? 'exists' : 'conflict'
  if ((status === 403 || status === 422) && message.includes('ValidatingAdmissionPolicy')) return 'denied'
  if (status === 403) return 'forbidden'
  // 401 is our own token, 410 an expired watch or page: neither says anything about the object.
  if (status === 401 || status === 410 || status === 429 || status >= 500) return 'unavailable'
  return 'invalid'
}
