import { setTimeout as sleep } from 'node:timers/promises'
import { requireSameRights } from '#core/compare-rights'
import type { KubeconfigInput } from '#core/kubeconfig'
import { Problem } from '#core/problem'
import { requirePerson, type TailnetIdentity, type TailnetPerson } from '#core/tailnet-identity'
import { type Credential, createEvent, sourceOf } from '#events'
import type { KnownSession } from './answer.ts'
import { awaitAnswer } from './await-answer.ts'
import type { LoginDeps } from './deps.ts'
import type { Identify } from './log-in.ts'
import { nameOf, standingOfPerson } from './person.ts'
import type { CredentialWish } from './wish.ts'

const askAgainMs = 2_000

/**
 * Everything of a person's kubeconfig: the token that came with the login if it is still there, else a new one. Throws a Problem
 * when there is no live session, or when this device's own rules do not give what the session has.
 */
export async function fetchKubeconfig(identify: Identify, deps: LoginDeps): Promise<KubeconfigInput> {
  const { person, session } = requireKubeconfig(await identify(), deps)
  const { config, apiServer } = deps
  const serviceAccount = nameOf(person, deps)
  const owner = { person: serviceAccount, node: person.node.id, session: session.session }
  const kept = deps.replies.take(owner)
  const { token } = kept ?? (await newCredential(person, session, deps))
  if (!kept) await confirm(identify, session, deps)
  const { cluster, install } = config
  return { cluster, install, serviceAccount, server: apiServer.url, ca: apiServer.ca, token }
}

/** Throws what asking for the kubeconfig would, as far as that is known without a new token. */
export function requireKubeconfig(identity: TailnetIdentity, deps: LoginDeps) {
  const person = requirePerson(identity)
  const session = liveSession(person, deps)
  requireSameRights(session, identity, deps.config)
  return { person, session }
}

function liveSession(person: TailnetPerson, deps: LoginDeps): KnownSession {
  const standing = standingOfPerson(person, deps)
  switch (standing.kind) {
    case 'live':
      return standing.session
    case 'provisioning':
      throw new Problem('still-provisioning')
    case 'failed':
    case 'unknown':
      throw new Problem('unavailable')
    case 'ended':
    case 'none':
      throw new Problem('not-signed-in')
  }
}

async function newCredential(person: TailnetPerson, session: KnownSession, deps: LoginDeps): Promise<Credential> {
  // Its answer would go to the pod that takes over: the client comes back to that one.
  if (deps.handingOver()) throw new Problem('still-provisioning')
  const key = await deps.createSealingKey()
  const { login, userId, node } = person
  const now = deps.now()
  const event = createEvent('dev.tka.credential.requested.v1', {
    source: sourceOf(deps.config.cluster, 'login'),
    subject: nameOf(person, deps),
    now,
    data: { session: session.session, login, userId, node: node.id, key: key.publicJwk },
  })
  const wish: CredentialWish = {
    kind: 'credential',
    request: event.id,
    person: event.subject,
    session: session.session,
    open: key.open,
  }
  using waiter = deps.waiters.open(wish)
  const { holdMs } = deps.config.login
  const send = () => deps.delivery.deliver(event, { until: now + holdMs, needed: () => !waiter.settled })
  const sent = send()
  const answer = await awaitAnswer(waiter, { holdMs, otherwise: signal => askAgain(send, sent, signal) })
  if (answer?.kind === 'issued') return answer.credential
  if (deps.handingOver()) throw new Problem('still-provisioning')
  if (answer?.kind !== 'denied') throw new Problem('unavailable')
  // The session that a broken watch saw last is over; the person may have another by now.
  const outdated = answer.code === 'not-signed-in' && !deps.sessions.current()
  throw new Problem(outdated ? 'unavailable' : answer.code)
}

/** An answer that got lost, or went to another pod, is in no Lease: the same event is sent again, which gives a fresh token. */
async function askAgain(send: () => Promise<void>, sent: Promise<void>, signal: AbortSignal): Promise<never> {
  await sent
  for (;;) {
    await sleep(askAgainMs, undefined, { signal })
    await send()
  }
}

/** A request that was held is answered only by what holds now. */
async function confirm(identify: Identify, session: KnownSession, deps: LoginDeps): Promise<void> {
  const now = requireKubeconfig(await identify(), deps)
  if (now.session.session !== session.session) throw new Problem('still-provisioning')
}
