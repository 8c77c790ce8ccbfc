import type { Socket } from 'node:net'
import type { TailscaleError } from './errors.ts'

interface Waiting {
  readonly resolve: (socket: Socket) => void
  readonly reject: (error: TailscaleError) => void
}

/** Connections that were asked for and whose streams are on their way. */
export interface Dials {
  /** Asks for one; `ask` is given the number that its stream brings. Rejects when the question does. */
  begin(ask: (dial: number) => Promise<unknown>): Promise<Socket>
  /** A stream that was asked for is here; false when nobody waits for it any more. */
  arrive(dial: number, socket: Socket): boolean
  /** No more streams will come. */
  fail(error: TailscaleError): void
}

/** Makes an empty list. */
export function createDials(): Dials {
  const waiting = new Map<number, Waiting>()
  let last = 0
  return {
    async begin(ask) {
      const dial = ++last
      const { promise, resolve, reject } = Promise.withResolvers<Socket>()
      waiting.set(dial, { resolve, reject })
      ask(dial).catch(reject)
      try {
        return await promise
      } finally {
        waiting.delete(dial)
      }
    },
    arrive(dial, socket) {
      const entry = waiting.get(dial)
      entry?.resolve(socket)
      return entry !== undefined
    },
    fail(error) {
      for (const { reject } of waiting.values()) reject(error)
    },
  }
}
