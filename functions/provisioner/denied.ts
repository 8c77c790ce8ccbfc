import { type ProblemCode, problems } from '#core/problem'
import { createEvent, type EventOf, sourceOf, type TkaEvent } from '#events'
import type { ProvisionerDeps } from './provisioner-deps.ts'

/** The answer to a request that leads to nothing. For a revocation it names the person's request, whom somebody waits for. */
export function denied(
  deps: Pick<ProvisionerDeps, 'config' | 'now'>,
  cause: TkaEvent,
  code: ProblemCode,
  request: string = cause.id,
): EventOf<'dev.tka.session.denied.v1'> {
  return createEvent('dev.tka.session.denied.v1', {
    source: sourceOf(deps.config.cluster, 'provisioner'),
    subject: cause.subject,
    data: { request, code, retriable: problems[code].retriable },
    now: deps.now(),
    cause,
  })
}
