import { serviceAccountName } from '#core/names'
import type { TailnetPerson } from '#core/tailnet-identity'
import type { LoginDeps } from './deps.ts'
import { type Standing, standingOf } from './standing.ts'

/** The name of a person's ServiceAccount and Lease in this install. */
export function nameOf(
  person: { readonly login: string; readonly userId: string },
  deps: Pick<LoginDeps, 'config'>,
): string {
  return serviceAccountName(person, deps.config)
}

/** How a person stands with this cluster right now. */
export function standingOfPerson(person: TailnetPerson, deps: LoginDeps): Standing {
  const name = nameOf(person, deps)
  const { login, userId } = person
  return standingOf(
    {
      login,
      userId,
      record: deps.sessions.get(name),
      current: deps.sessions.current(),
      recent: deps.recents.get(name),
      pending: deps.waiters.pendingLogin(name),
    },
    deps.now(),
  )
}
