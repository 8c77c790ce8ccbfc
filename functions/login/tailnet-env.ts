import type { TailnetIdentity, TailnetPerson } from '#core/tailnet-identity'
import type { KnownSession } from './answer.ts'
import type { Connection } from './connection.ts'

/** What the app is given with each request and keeps beside it. */
export interface TailnetEnv {
  readonly Bindings: { readonly connection: Connection }
  readonly Variables: {
    readonly requestId: string
    readonly person: TailnetPerson
    /** Whoever was found at the other end, also where that is nobody we serve. */
    readonly identity?: TailnetIdentity
    /** What a request got or gave up. */
    readonly session?: Omit<KnownSession, 'session'> & Partial<KnownSession>
  }
}
