/** Which device a session's present end comes from, where that is not the one that began it. */
export interface Extenders {
  /** A login from this node was answered with this end of the session (epoch milliseconds). */
  extended(session: string, by: { readonly node: string; readonly validUntil: number }): void
  /** The node whose login gave the session exactly this end; `undefined` when nobody here saw that. */
  nodeOf(session: string, validUntil: number): string | undefined
  /** Drops what is known of sessions that are no more. */
  keepOnly(sessions: ReadonlySet<string>): void
}

/**
 * Makes an empty memory. It does not outlive the process, which is on the safe side: a session whose extension nobody remembers is
 * measured by the rule of the device that began it.
 */
export function createExtenders(): Extenders {
  const extensions = new Map<string, { readonly node: string; readonly validUntil: number }>()
  return {
    extended(session, by) {
      extensions.set(session, by)
    },
    nodeOf(session, validUntil) {
      const by = extensions.get(session)
      return by?.validUntil === validUntil ? by.node : undefined
    },
    keepOnly(sessions) {
      for (const session of extensions.keys()) if (!sessions.has(session)) extensions.delete(session)
    },
  }
}
