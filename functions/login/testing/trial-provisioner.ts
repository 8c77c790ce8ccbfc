import { formatInstant, parseInstant } from '#core/instant'
import { createEvent, type EventOf, isOfType, seal, sourceOf, type TkaEvent } from '#events'
import type { AnswerEvent } from '../handle-answer.ts'
import { liveRecord, type TrialSessions } from './trial-sessions.ts'

const source = sourceOf('lab', 'provisioner')
const exp = 2_000_000_000

/** Does in memory what the provisioner does in a cluster: answers an event of login's, and writes the Lease. */
export async function provision(event: TkaEvent, sessions: TrialSessions): Promise<AnswerEvent | undefined> {
  if (isOfType(event, 'dev.tka.session.requested.v1')) return granted(event, sessions)
  if (isOfType(event, 'dev.tka.credential.requested.v1')) return issued(event, sessions)
  if (isOfType(event, 'dev.tka.logout.requested.v1')) return ended(event, sessions)
  return undefined
}

/** The answer to a login, without a Lease. */
export async function grant(
  request: EventOf<'dev.tka.session.requested.v1'>,
  changes: Partial<EventOf<'dev.tka.session.granted.v1'>['data']> = {},
): Promise<EventOf<'dev.tka.session.granted.v1'>> {
  const { subject, data, id, time } = request
  const { role, namespaces, period, key } = data
  const validUntil = formatInstant((parseInstant(time) ?? 0) + period * 1_000)
  const sealed = await seal({ token: `token of ${id}`, exp }, key, {
    request: id,
    serviceAccount: subject,
    session: id,
  })
  const rights = namespaces === undefined ? { role } : { role, namespaces }
  return createEvent('dev.tka.session.granted.v1', {
    source,
    subject,
    now: Date.now(),
    cause: request,
    data: { request: id, session: id, ...rights, validUntil, renewed: false, sealed, ...changes },
  })
}

/** The refusal of whatever was asked. */
export function deny(request: TkaEvent, code: string): EventOf<'dev.tka.session.denied.v1'> {
  const { subject, id } = request
  const data = { request: id, code, retriable: false }
  return createEvent('dev.tka.session.denied.v1', { source, subject, now: Date.now(), cause: request, data })
}

async function granted(event: EventOf<'dev.tka.session.requested.v1'>, sessions: TrialSessions) {
  const answer = await grant(event)
  const { login, userId, node, role, namespaces } = event.data
  sessions.put(
    liveRecord({
      name: event.subject,
      sequence: event.sequence,
      session: event.id,
      request: event.id,
      ...{ login, userId, node, role },
      ...(namespaces === undefined ? {} : { namespaces }),
      validUntil: parseInstant(answer.data.validUntil) ?? 0,
    }),
  )
  return answer
}

async function issued(event: EventOf<'dev.tka.credential.requested.v1'>, sessions: TrialSessions) {
  const { subject, id, data } = event
  const record = sessions.index.get(subject)
  if (record?.phase !== 'live' || record.session !== data.session) return deny(event, 'not-signed-in')
  const { session } = data
  const sealed = await seal({ token: `token of ${id}`, exp }, data.key, {
    request: id,
    serviceAccount: subject,
    session,
  })
  return createEvent('dev.tka.credential.issued.v1', {
    source,
    subject,
    now: Date.now(),
    cause: event,
    data: { request: id, session, validUntil: formatInstant(record.validUntil), sealed },
  })
}

async function ended(event: EventOf<'dev.tka.logout.requested.v1'>, sessions: TrialSessions) {
  const { subject, sequence, id } = event
  const record = sessions.index.get(subject)
  if (record?.phase === 'live') {
    const { phase: _, extension: __, ...terms } = record
    const end = { sequence, endedAt: Date.now(), endReason: 'logout', endedBy: id } as const
    sessions.put({ ...terms, phase: 'ended', ...end })
  }
  return createEvent('dev.tka.session.ended.v1', {
    source,
    subject,
    now: Date.now(),
    cause: event,
    data: { request: id, reason: 'logout', revokedInMs: 5, hadAccess: record?.phase === 'live' },
  })
}
