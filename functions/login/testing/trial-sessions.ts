import type { LiveRecord, SessionRecord } from '#core/session/session-record'
import type { LoginDeps } from '../deps.ts'

/** The Leases of a test: an index without a watch. */
export interface TrialSessions {
  readonly index: LoginDeps['sessions']
  put(record: SessionRecord): void
  /** What breaks and mends the watch: the index is behind, or is not. */
  current: boolean
}

/** Makes an empty index. */
export function createTrialSessions(): TrialSessions {
  const records = new Map<string, SessionRecord>()
  const listeners = new Set<() => void>()
  const sessions: TrialSessions = {
    current: true,
    put(record) {
      records.set(record.name, record)
      for (const listener of [...listeners]) listener()
    },
    index: {
      get: name => records.get(name),
      all: () => [...records.values()],
      current: () => sessions.current,
      waitFor: (name, wanted, { signal }) =>
        new Promise((resolve, reject) => {
          const look = () => {
            const record = records.get(name)
            if (record && wanted(record)) resolve(record)
          }
          listeners.add(look)
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          look()
        }),
    },
  }
  return sessions
}

/** A live session of alice's, with what a test wants otherwise. */
export function liveRecord(changes: Partial<LiveRecord> = {}): LiveRecord {
  return {
    name: 'tka-user-alice',
    phase: 'live',
    sequence: '0000000000000001',
    session: 'session-1',
    request: 'session-1',
    login: 'alice@example.com',
    userId: '7',
    node: 'node-1',
    role: 'view',
    bindings: [],
    startedAt: 0,
    validUntil: Date.now() + 3_600_000,
    serviceAccountUid: 'uid-1',
    ...changes,
  }
}
