import { Problem } from '#core/problem'
import { EventRefused, type RefusedReason } from '#events'
import { EmitFailed } from './emit.ts'
import { KubernetesError } from './kubernetes/kubernetes-error.ts'
import type { Fields } from './log.ts'

/** The answer to a delivery that failed, and what the log says of it. */
export interface FailureAnswer {
  readonly response: Response
  /** What became of the event, in a word of few. */
  readonly outcome: string
  /** The same, coarser: for metrics. */
  readonly kind: 'refused' | 'problem' | 'unavailable' | 'failed'
  /** Why it was refused. */
  readonly refused?: RefusedReason
  readonly severity: 'warn' | 'error'
  readonly fields: Fields
}

/**
 * Answers a delivery that failed. Knative delivers again on 503 and 500, and sends 4xx to the dead letter at once. The body is
 * a word of ours: it ends up in the dead-lettered event's attributes, so no text of an error goes there.
 */
export function answerFailure(error: unknown): FailureAnswer {
  if (error instanceof EventRefused) {
    const { reason, message } = error
    const outcome = `refused: ${reason}`
    const response = refusal(error)
    return { response, outcome, kind: 'refused', refused: reason, severity: 'warn', fields: { detail: message } }
  }
  if (error instanceof Problem && !error.kind.retriable) {
    // Not the problem's own status: Knative would deliver 404, 409 and 429 again.
    return {
      response: failure(422, error.code),
      outcome: error.code,
      kind: 'problem',
      severity: 'warn',
      fields: { error },
    }
  }
  if (isTemporary(error)) {
    return {
      response: failure(503, 'unavailable'),
      outcome: 'unavailable',
      kind: 'unavailable',
      severity: 'warn',
      fields: { error },
    }
  }
  return { response: failure(500, 'internal'), outcome: 'failed', kind: 'failed', severity: 'error', fields: { error } }
}

/** The answer to an event that is not acted on. */
export function refusal(error: EventRefused): Response {
  return failure(error.status, error.reason)
}

function failure(status: number, error: string): Response {
  return Response.json({ error }, { status })
}

function isTemporary(error: unknown): boolean {
  if (error instanceof Problem || error instanceof EmitFailed) return true
  if (error instanceof KubernetesError) return error.failure === 'unavailable'
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
}
