import type { KnownSession } from './answer.ts'

/** What became of a person's latest login. */
export type RecentLogin =
  | { readonly kind: 'granted'; readonly session: KnownSession; readonly sequence: string; readonly userId: string }
  | { readonly kind: 'failed' }

/**
 * The outcomes of the last minute's logins. They bridge the moment in which the watch of the Leases is behind the answer that a
 * person was given, and tell a client that asks on after a failed login to come back rather than to give up.
 */
export interface RecentLogins {
  record(person: string, login: RecentLogin): void
  get(person: string): RecentLogin | undefined
  forget(person: string): void
}

const keepMs = 60_000

/** Makes an empty memory. */
export function createRecentLogins(now: () => number): RecentLogins {
  const logins = new Map<string, { readonly login: RecentLogin; readonly until: number }>()

  function dropOld(): void {
    // In the order of their ends, since each is kept equally long.
    for (const [person, { until }] of logins) {
      if (until > now()) return
      logins.delete(person)
    }
  }

  return {
    record(person, login) {
      dropOld()
      logins.delete(person)
      logins.set(person, { login, until: now() + keepMs })
    },
    get(person) {
      dropOld()
      return logins.get(person)?.login
    },
    forget(person) {
      logins.delete(person)
    },
  }
}
