import { setTimeout as sleep } from 'node:timers/promises'
import { type GrantState, stateOfGrant } from '#core/compare-rights'
import { isLive, type LiveRecord } from '#core/session/session-record'
import type { TailnetIdentity, TailnetPerson } from '#core/tailnet-identity'
import type { LoginDeps } from './deps.ts'
import { nameOf } from './person.ts'
import { endSession } from './request-logout.ts'
import { isNews } from './standing.ts'

/** What watching the grants needs beside the flows' own. */
export interface GrantDeps extends LoginDeps {
  /** The rules of a node, by its stable id; `unknown` when the tailnet has no such node any more. */
  readonly whoIsNode: (node: string, signal: AbortSignal) => Promise<TailnetIdentity>
}

/** Ends sessions whose grant the tailnet policy has taken back or lowered. */
export interface GrantWatch {
  /** At a request: looks at the session of the person whose device this is. */
  check(person: TailnetPerson): void
  /** Looks at every live session once. */
  checkAll(signal: AbortSignal): Promise<void>
  /** Looks at every live session, again and again, until `signal`. */
  run(signal: AbortSignal): Promise<void>
}

/** Makes the watch. */
export function createGrantWatch(deps: GrantDeps): GrantWatch {
  // A peer may be missing from the map for a moment, so only the second look in a row counts.
  let missing = new Set<string>()

  function judge(record: LiveRecord, identity: TailnetIdentity): void {
    // No longer giving the remaining time is a loss only of the device that gave it.
    const now = record.extendedBy === undefined ? deps.now() : record.validUntil
    end(record, isOwn(record, identity) ? stateOfGrant(record, identity, deps.config, now) : 'grant-lost')
  }

  function judgeTime(record: LiveRecord, identity: TailnetIdentity): void {
    const state = isOwn(record, identity) ? stateOfGrant(record, identity, deps.config, deps.now()) : 'grant-lost'
    end(record, state === 'grant-lost' ? 'grant-lowered' : state)
  }

  // However many requests come in meanwhile, the end is asked for once.
  const ending = new Set<string>()

  function end({ session, login, userId, node }: LiveRecord, reason: GrantState): void {
    if ((reason !== 'grant-lost' && reason !== 'grant-lowered') || ending.has(session)) return
    ending.add(session)
    void endSession({ login, userId, node, reason }, deps).finally(() => ending.delete(session))
  }

  /**
   * The session under a name as it is to be judged now. None while a later one may have begun that the watch does not show yet: an
   * end names a person and no session, so it would end that one.
   */
  function liveUnder(name: string): LiveRecord | undefined {
    const record = deps.sessions.get(name)
    if (!record || !isLive(record, deps.now()) || deps.waiters.pendingLogin(name)) return undefined
    const recent = deps.recents.get(name)
    return recent?.kind === 'granted' && isNews(recent.sequence, record) ? undefined : record
  }

  /** Asks about a node of a session; gives what it says with the session as it is then, if it still is. */
  async function ask(session: LiveRecord, node: string, signal: AbortSignal) {
    const identity = await deps.whoIsNode(node, signal)
    const record = liveUnder(session.name)
    return record?.session === session.session ? { record, identity } : undefined
  }

  async function checkAll(signal: AbortSignal): Promise<void> {
    const stillMissing = new Set<string>()
    for (const { name } of deps.sessions.all()) {
      const found = liveUnder(name)
      const began = found && (await ask(found, found.node, signal))
      if (!began) continue
      const { record, identity } = began
      if (identity.kind !== 'unknown') judge(record, identity)
      else if (missing.has(record.session)) judge(record, identity)
      else stillMissing.add(record.session)
      const { extendedBy } = record
      if (extendedBy === undefined) continue
      const gave = await ask(record, extendedBy, signal)
      // Like any device that is offline, one that is gone leaves the session its time.
      if (gave?.record.extendedBy === extendedBy && gave.identity.kind !== 'unknown')
        judgeTime(gave.record, gave.identity)
    }
    missing = stillMissing
  }

  return {
    check(person) {
      const record = liveUnder(nameOf(person, deps))
      if (!record || !isOwn(record, person)) return
      if (record.node === person.node.id) judge(record, person)
      else if (record.extendedBy === person.node.id) judgeTime(record, person)
    },
    checkAll,
    async run(signal) {
      while (!signal.aborted) {
        await sleep(deps.config.login.driftIntervalMs, undefined, { signal }).catch(() => undefined)
        if (!signal.aborted) await checkAll(signal)
      }
    },
  }
}

/** False where a node changed hands: whoever has it now, the session's person does not. */
function isOwn(record: LiveRecord, identity: TailnetIdentity): boolean {
  return identity.kind !== 'person' || (identity.userId === record.userId && identity.login === record.login)
}
