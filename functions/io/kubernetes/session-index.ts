import type { SessionRecord } from '../../core/session/session-record.ts'

/** The Leases of all people, kept current by a watch. */
export interface SessionIndex {
  get(name: string): SessionRecord | undefined
  all(): readonly SessionRecord[]
  /** Resolves with the record as soon as `wanted` holds for it (at once if it does already); rejects with the signal's reason. */
  waitFor(
    name: string,
    wanted: (record: SessionRecord) => boolean,
    options: { readonly signal: AbortSignal },
  ): Promise<SessionRecord>
  /** Calls back after each change of one person's Lease (`undefined` = removed); returns what stops it. */
  onChange(listener: (name: string, record: SessionRecord | undefined) => void): () => void
  /** False while the watch is broken and the index may be behind. */
  current(): boolean
}
