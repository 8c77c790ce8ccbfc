import type { KnownSession } from './answer.ts'

/** What became of a person's latest login. */
export type RecentLogin =
  | { readonly kind: 'granted'; readonly session: KnownSession; readonly sequence: string; readonly userId: string }
  | { readonly kind: 'failed' }

/**
 * The outcomes of the latest logins. A grant, known for three minutes, bridges the time in which the watch of the Leases is behind
 * the answer that a person was given. A failure, known for one, tells a client that asks on to come back rather than to give up.
 */
export interface RecentLogins {
  record(person: string, login: RecentLogin): void
  get(person: string): RecentLogin | undefined
  forget(person: string): void
}

/** A grant is kept for longer than a watch may be silent (two minutes) before it counts as broken. */
const keepMs = { granted: 180_000, failed: 60_000 } as const

/** Makes an empty memory. */
export function createRecentLogins(now: () => number): RecentLogins {
  const logins = new Map<string, { readonly login: RecentLogin; readonly at: number }>()

  function dropOld(): void {
    // In the order in which they came.
    for (const [person, { at }] of logins) {
      if (at + keepMs.granted > now()) return
      logins.delete(person)
    }
  }

  return {
    record(person, login) {
      dropOld()
      logins.delete(person)
      logins.set(person, { login, at: now() })
    },
    get(person) {
      const known = logins.get(person)
      return known && known.at + keepMs[known.login.kind] > now() ? known.login : undefined
    },
    forget(person) {
      logins.delete(person)
    },
  }
}
