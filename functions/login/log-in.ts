import { requireSameRights, stateOfGrant } from '#core/compare-rights'
import { decide, type Grant } from '#core/decide'
import { wholeSecond } from '#core/instant'
import { Problem } from '#core/problem'
import { requirePerson, type TailnetIdentity, type TailnetPerson } from '#core/tailnet-identity'
import { createEvent, type SealingKey, sourceOf } from '#events'
import type { Answer, KnownSession } from './answer.ts'
import { answerInLease } from './answer-in-lease.ts'
import { awaitAnswer } from './await-answer.ts'
import type { LoginDeps } from './deps.ts'
import { nameOf } from './person.ts'
import { endSession } from './request-logout.ts'
import type { Waiter } from './waiters.ts'
import type { LoginWish } from './wish.ts'

/** Asks who is at the other end of a connection; what it says is at most two seconds old. */
export type Identify = () => Promise<TailnetIdentity>

/**
 * Gives a person the session that their rules allow: asks the provisioner and waits. Resolves once the session is usable and the
 * same connection's rules still give it; throws a Problem otherwise. Whoever is not told of a session is left without one.
 */
export async function logIn(identify: Identify, role: string | undefined, deps: LoginDeps): Promise<KnownSession> {
  const { session } = await beginLogin(identify, role, deps)
  return session
}

/**
 * The same for somebody who does not wait: resolves with what was asked for once it was. Throws a Problem where there is nothing to
 * wait for; `failed` is told of what nobody expected later on.
 */
export async function logInMeanwhile(
  identify: Identify,
  role: string | undefined,
  deps: LoginDeps,
  failed: (error: unknown) => void,
): Promise<LoginWish> {
  const { wish, session } = await beginLogin(identify, role, deps)
  session.catch(error => {
    if (!(error instanceof Problem)) failed(error)
    // Whoever asks for the kubeconfig meanwhile is to come back and not to give up.
    else if (error.code !== 'superseded') deps.recents.record(wish.person, { kind: 'failed' })
  })
  return wish
}

/** A login whose answer is on its way. */
interface BegunLogin {
  readonly wish: LoginWish
  readonly session: Promise<KnownSession>
}

async function beginLogin(identify: Identify, role: string | undefined, deps: LoginDeps): Promise<BegunLogin> {
  const identity = await identify()
  const grant = decide({ identity, config: deps.config, role })
  const person = requirePerson(identity)
  const { event, wish } = wishOf(person, grant, await deps.createSealingKey(), deps)
  const waiter = deps.waiters.open(wish)
  const { holdMs } = deps.config.login
  const until = deps.now() + holdMs
  void deps.delivery.deliver(event, { until, needed: () => !waiter.settled })
  return { wish, session: obtain(identify, person, waiter, until, deps) }
}

async function obtain(
  identify: Identify,
  person: TailnetPerson,
  waiter: Waiter<LoginWish>,
  until: number,
  deps: LoginDeps,
): Promise<KnownSession> {
  using waiting = waiter
  const { wish } = waiting
  const { holdMs } = deps.config.login
  const first = await awaitAnswer(waiting, { holdMs, otherwise: signal => inLease(wish, signal, deps) })
  const answer = first?.kind === 'denied' && first.code === 'superseded' ? await byLaterLogin(wish, until, deps) : first
  if (answer?.kind === 'granted') {
    const session = remember(answer, wish, person, deps)
    await confirm(identify, person, session, deps)
    return session
  }
  const problem = new Problem(answer?.kind === 'denied' ? answer.code : 'unavailable')
  if (problem.kind.status === 503) {
    deps.recents.record(wish.person, { kind: 'failed' })
    void endSession({ ...wanting(person), reason: 'asked' }, deps)
  }
  throw problem
}

function wishOf(person: TailnetPerson, grant: Grant, key: SealingKey, deps: LoginDeps) {
  const now = deps.now()
  const { role, namespaces, periodSeconds: period } = grant
  const rights = { role, ...(namespaces === undefined ? {} : { namespaces }) }
  const subject = nameOf(person, deps)
  const event = createEvent('dev.tka.session.requested.v1', {
    source: sourceOf(deps.config.cluster, 'login'),
    subject,
    now,
    sequence: deps.nextSequence(subject),
    expiresAt: now + deps.config.login.holdMs,
    data: { ...wanting(person), nodeName: person.node.name, ...rights, period, key: key.publicJwk },
  })
  const wish: LoginWish = {
    kind: 'login',
    request: event.id,
    person: subject,
    userId: person.userId,
    sequence: event.sequence,
    ...rights,
    validUntil: wholeSecond(now) + period * 1_000,
    open: key.open,
  }
  return { event, wish }
}

async function inLease(wish: LoginWish, signal: AbortSignal, { sessions }: LoginDeps): Promise<Answer> {
  const settles = (record: Parameters<typeof answerInLease>[1]) => answerInLease(wish, record) !== undefined
  const record = await sessions.waitFor(wish.person, settles, { signal })
  return answerInLease(wish, record) ?? { kind: 'denied', code: 'unavailable' }
}

/** Of two logins at once, the one that the provisioner saw as the later makes the session for both. */
async function byLaterLogin(wish: LoginWish, until: number, deps: LoginDeps): Promise<Answer> {
  const signal = AbortSignal.timeout(Math.max(0, until - deps.now()))
  return inLease(wish, signal, deps).catch(() => ({ kind: 'denied', code: 'superseded' }) as const)
}

function remember(
  { session, credential }: Extract<Answer, { kind: 'granted' }>,
  wish: LoginWish,
  person: TailnetPerson,
  { recents, replies }: LoginDeps,
): KnownSession {
  recents.record(wish.person, { kind: 'granted', session, sequence: wish.sequence, userId: wish.userId })
  if (credential !== undefined) {
    replies.keep({ person: wish.person, node: person.node.id, session: session.session }, credential)
  }
  return session
}

/** A request that was held is answered only if it would be granted now as well; else its session ends at once. */
async function confirm(
  identify: Identify,
  person: TailnetPerson,
  session: KnownSession,
  deps: LoginDeps,
): Promise<void> {
  let reason: 'asked' | 'grant-lost' | 'grant-lowered' = 'asked'
  try {
    const identity = await identify()
    const state = stateOfGrant(session, identity, deps.config, deps.now())
    if (state === 'grant-lost' || state === 'grant-lowered') reason = state
    requireSameRights(session, identity, deps.config)
  } catch (error) {
    deps.recents.forget(nameOf(person, deps))
    void endSession({ ...wanting(person), reason }, deps)
    throw error
  }
}

function wanting({ login, userId, node }: TailnetPerson) {
  return { login, userId, node: node.id }
}
