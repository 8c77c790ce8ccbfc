import { compareSequence, noWish, sequenceAt } from '#events'
import type { LoginDeps } from './deps.ts'

/** Makes the order of people's wishes: login's clock, but always later than the wish before and than what the Lease shows. */
export function createNextSequence({ sessions, now }: Pick<LoginDeps, 'sessions' | 'now'>): (person: string) => string {
  let last = noWish
  return person => {
    const recorded = sessions.get(person)?.sequence ?? noWish
    last = sequenceAt(now(), compareSequence(recorded, last) > 0 ? recorded : last)
    return last
  }
}
