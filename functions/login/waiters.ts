import { Problem } from '#core/problem'
import type { Answer } from './answer.ts'
import type { LoginWish, Wish } from './wish.ts'

/** Somebody whose request is held until their wish is answered; disposing of it stops the waiting. */
export interface Waiter<W extends Wish = Wish> extends Disposable {
  readonly wish: W
  readonly answer: Promise<Answer>
  readonly settled: boolean
  /** Answers the wish; false when it was answered before. */
  settle(answer: Answer): boolean
}

/** Everybody who waits, by the id of the event that carries their wish. */
export interface Waiters {
  /** Begins to wait; throws `too-many-requests` when this person, or everybody together, waits for too many alike already. */
  open<W extends Wish>(wish: W): Waiter<W>
  find(request: string): Waiter | undefined
  /** The session that a person waits for right now, be it one that a later login of theirs makes. */
  pendingLogin(person: string): LoginWish | undefined
  readonly size: number
}

/** How many may wait for a login, and as many again for a logout. */
export interface WaiterLimits {
  readonly perPerson: number
  readonly total: number
}

/** The limits of the design: enough for a person with several devices, few enough to hold in memory. */
export const defaultLimits: WaiterLimits = { perPerson: 4, total: 500 }

/** Makes an empty set of waiters. */
export function createWaiters(limits: WaiterLimits = defaultLimits): Waiters {
  const waiting = new Map<string, Waiter>()

  const ofPerson = (person: string) => [...waiting.values()].filter(({ wish }) => wish.person === person)

  return {
    open(wish) {
      const alike = [...waiting.values()].filter(waiter => isLogout(waiter.wish) === isLogout(wish))
      if (alike.length >= limits.total) throw new Problem('too-many-requests', 'too many people wait right now.')
      if (alike.filter(waiter => waiter.wish.person === wish.person).length >= limits.perPerson) {
        throw new Problem('too-many-requests', `${limits.perPerson} of yours wait already.`)
      }
      const waiter = createWaiter(wish, () => waiting.delete(wish.request))
      waiting.set(wish.request, waiter)
      return waiter
    },
    find: request => waiting.get(request),
    pendingLogin: person =>
      ofPerson(person)
        .map(({ wish }) => wish)
        .findLast(wish => wish.kind === 'login'),
    get size() {
      return waiting.size
    },
  }
}

/** Logouts are counted apart: no held logins, the person's own or others', keep anybody from ending their access. */
const isLogout = ({ kind }: Wish) => kind === 'logout'

function createWaiter<W extends Wish>(wish: W, leave: () => void): Waiter<W> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  let settled = false
  return {
    wish,
    answer: promise,
    get settled() {
      return settled
    },
    settle(answer) {
      if (settled) return false
      settled = true
      resolve(answer)
      return true
    },
    [Symbol.dispose]: leave,
  }
}
