import type { Credential } from '#events'

/** Whose reply it is: one person, on one device, for one session. */
interface ReplyOwner {
  /** The person's ServiceAccount name. */
  readonly person: string
  /** Stable node id. */
  readonly node: string
  readonly session: string
}

/** Tokens that came with a login and wait for their kubeconfig to be fetched. */
export interface KeptReplies {
  keep(owner: ReplyOwner, credential: Credential): void
  /** Gives the token out, once. */
  take(owner: ReplyOwner): Credential | undefined
  /** Drops whatever is kept for a person. */
  forget(person: string): void
}

const keepMs = 60_000

/** Keeps each reply for at most a minute. */
export function createKeptReplies(): KeptReplies {
  const kept = new Map<
    string,
    { readonly owner: ReplyOwner; readonly credential: Credential; readonly timer: NodeJS.Timeout }
  >()
  // A later login from the same device replaces the reply of the one before.
  const keyOf = ({ person, node }: ReplyOwner) => `${person} ${node}`

  function drop(key: string): void {
    clearTimeout(kept.get(key)?.timer)
    kept.delete(key)
  }

  return {
    keep(owner, credential) {
      const key = keyOf(owner)
      drop(key)
      kept.set(key, { owner, credential, timer: setTimeout(() => kept.delete(key), keepMs).unref() })
    },
    take(owner) {
      const key = keyOf(owner)
      const reply = kept.get(key)
      if (reply?.owner.session !== owner.session) return undefined
      drop(key)
      return reply.credential
    },
    forget(person) {
      for (const [key, { owner }] of kept) if (owner.person === person) drop(key)
    },
  }
}
