/**
 * What went wrong with a call, as far as anybody has to decide on it:
 * `not-found`, `exists` and `conflict` are answers; `denied` is an admission policy's or the guard's refusal, `forbidden` is RBAC's;
 * `unavailable` covers timeouts, connection errors, 429 and 5xx; `invalid` is everything else in 4xx.
 */
export type KubernetesFailure = 'not-found' | 'exists' | 'conflict' | 'forbidden' | 'denied' | 'unavailable' | 'invalid'

/** A failed Kubernetes call. Its message is for logs; no text of it may reach a person. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  readonly failure: KubernetesFailure
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined

  constructor(failure: KubernetesFailure, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.failure = failure
    this.status = options.status
  }
}

/** True when `error` is a KubernetesError of one of these failures. */
export function failedWith(error: unknown, ...failures: readonly KubernetesFailure[]): error is KubernetesError {
  return error instanceof KubernetesError && failures.includes(error.failure)
}
