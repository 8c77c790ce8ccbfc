import { sameRights } from '#core/compare-rights'
import { parseInstant } from '#core/instant'
import { isProblemCode } from '#core/problem'
import type { Credential, EventOf, EventType } from '#events'
import type { Answer } from './answer.ts'
import type { LoginDeps } from './deps.ts'
import type { CredentialWish, LoginWish } from './wish.ts'

/** The types that answer what login asked. */
export const answerTypes = [
  'dev.tka.session.granted.v1',
  'dev.tka.session.denied.v1',
  'dev.tka.credential.issued.v1',
  'dev.tka.session.ended.v1',
] as const satisfies readonly EventType[]

export type AnswerEvent = EventOf<(typeof answerTypes)[number]>

/** What answering needs. */
export interface AnswerDeps extends Pick<LoginDeps, 'waiters' | 'recents' | 'replies'> {
  /** Told of an answer that does not fit what was asked. */
  readonly mismatch: (event: AnswerEvent, what: string) => void
}

/** Wakes whoever waits for an event. One that nobody waits for is dropped: repeated, or another pod's, or too late. */
export function handleAnswer(deps: AnswerDeps): (event: AnswerEvent) => Promise<undefined> {
  return async event => {
    switch (event.type) {
      case 'dev.tka.session.granted.v1':
        return settle(event, deps, wish => (wish.kind === 'login' ? granted(event, wish) : undefined))
      case 'dev.tka.credential.issued.v1':
        return settle(event, deps, wish => (wish.kind === 'credential' ? issued(event, wish) : undefined))
      case 'dev.tka.session.denied.v1': {
        const { code } = event.data
        return settle(event, deps, async () => ({ kind: 'denied', code: isProblemCode(code) ? code : 'unavailable' }))
      }
      case 'dev.tka.session.ended.v1':
        forgetSession(event, deps)
        return settle(event, deps, wish => (wish.kind === 'logout' ? ended() : undefined))
    }
  }
}

type AnyWish = NonNullable<ReturnType<LoginDeps['waiters']['find']>>['wish']

async function settle(
  event: AnswerEvent,
  { waiters, mismatch }: AnswerDeps,
  answer: (wish: AnyWish) => Promise<Answer> | undefined,
): Promise<undefined> {
  const { request } = event.data
  const waiter = request === undefined ? undefined : waiters.find(request)
  if (!waiter || waiter.settled) return
  const given = waiter.wish.person === event.subject ? answer(waiter.wish) : undefined
  try {
    if (given) waiter.settle(await given)
    else mismatch(event, `answers nothing that a ${waiter.wish.kind} waits for`)
  } catch (error) {
    mismatch(event, error instanceof Error ? error.message : 'cannot be read')
  }
}

async function granted({ subject, data }: EventOf<'dev.tka.session.granted.v1'>, wish: LoginWish): Promise<Answer> {
  const { request, session, role, namespaces, sealed } = data
  const validUntil = parseInstant(data.validUntil)
  if (!sameRights(data, wish) || validUntil === undefined) throw new Error('is for other rights than asked for')
  const credential = await wish.open(sealed, { request, serviceAccount: subject, session })
  const known = { session, role, validUntil, ...(namespaces === undefined ? {} : { namespaces }) }
  return { kind: 'granted', session: known, credential }
}

async function issued(
  { subject, data }: EventOf<'dev.tka.credential.issued.v1'>,
  wish: CredentialWish,
): Promise<Answer> {
  const { request, session, sealed } = data
  if (session !== wish.session) throw new Error('is for another session')
  const credential: Credential = await wish.open(sealed, { request, serviceAccount: subject, session })
  return { kind: 'issued', session, credential }
}

const ended = async (): Promise<Answer> => ({ kind: 'ended' })

/** Whoever was told of this session and has not fetched its token yet must not get it any more. */
function forgetSession(event: EventOf<'dev.tka.session.ended.v1'>, { recents, replies }: AnswerDeps): void {
  const recent = recents.get(event.subject)
  if (recent?.kind !== 'granted' || recent.session.session !== event.data.session) return
  recents.forget(event.subject)
  replies.forget(event.subject)
}
