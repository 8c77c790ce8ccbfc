/** Why events are refused; counted by it. */
export const refusedReasons = [
  'headers-too-large',
  'body-too-large',
  'content-type',
  'not-a-cloudevent',
  'attribute-repeated',
  'attribute-invalid',
  'attribute-missing',
  'type-unknown',
  'type-not-accepted',
  'signature-missing',
  'signature-malformed',
  'signature-invalid',
  'signed-extensions',
  'key-unknown',
  'key-not-valid-now',
  'key-not-for-type',
  'key-not-for-source',
  'altered',
  'from-the-future',
  'expired',
  'lives-too-long',
  'sequence-ahead',
  'data-invalid',
  'subject-differs',
] as const

export type RefusedReason = (typeof refusedReasons)[number]

const statuses: Partial<Record<RefusedReason, 400 | 413 | 415>> = {
  'headers-too-large': 413,
  'body-too-large': 413,
  'content-type': 415,
  'not-a-cloudevent': 400,
  'attribute-repeated': 400,
  'attribute-invalid': 400,
  'attribute-missing': 400,
  'data-invalid': 400,
}

/** An event that is not acted on. Neither reason nor detail says anything that a stranger may not know. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused'
  readonly reason: RefusedReason
  /** The HTTP status to answer with; none that Knative would retry. */
  readonly status: 400 | 403 | 413 | 415

  /** @param detail names the field and the expectation, never a value. */
  constructor(reason: RefusedReason, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? reason : `${reason}: ${detail}`, options)
    this.reason = reason
    this.status = statuses[reason] ?? 403
  }
}
