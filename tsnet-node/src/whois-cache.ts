import type { PeerIdentity } from './identity.ts'
import type { WhoIsOptions } from './options.ts'
import { withSignal } from './with-signal.ts'

/** What the cache needs. */
export interface WhoIsDeps {
  /** Asks the helper; resolves with the answer or rejects with a TailscaleError. */
  readonly ask: (address: string) => Promise<PeerIdentity>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Questions about one address that come while another is on its way share its answer, unless that one hangs. */
const joinWithinMs = 1_000

const maxEntries = 4_096

interface Entry {
  readonly answer: Promise<PeerIdentity>
  /** When the question was asked, so the answer is no newer. */
  at: number
  settled: boolean
}

/** Who has an address, asked no more often than the callers need. Failures are never kept. */
export interface WhoIsCache {
  get(address: string, options?: WhoIsOptions): Promise<PeerIdentity>
  /** Takes in what was learned another way. */
  put(identity: PeerIdentity): void
  clear(): void
}

/** Makes an empty cache. */
export function createWhoIsCache({ ask, now }: WhoIsDeps): WhoIsCache {
  const entries = new Map<string, Entry>()

  const keep = (address: string, entry: Entry) => {
    entries.delete(address) // to the end: the first entry is the oldest
    entries.set(address, entry)
    const oldest = entries.keys().next()
    if (entries.size > maxEntries && !oldest.done) entries.delete(oldest.value)
  }

  const begin = (address: string): Entry => {
    const entry: Entry = { answer: ask(address), at: now(), settled: false }
    keep(address, entry)
    entry.answer.then(
      identity => {
        entry.settled = true
        entry.at = identity.at
      },
      () => {
        if (entries.get(address) === entry) entries.delete(address)
      },
    )
    return entry
  }

  /** What is of the future is old: the clock was set back. */
  const isFresh = ({ at }: Entry, maxAgeMs: number): boolean => {
    const age = now() - at
    return maxAgeMs > 0 && age >= 0 && age <= maxAgeMs
  }

  return {
    async get(address, { signal, maxAgeMs = 0 } = {}) {
      signal?.throwIfAborted()
      const known = entries.get(address)
      const usable = known !== undefined && isFresh(known, known.settled ? maxAgeMs : Math.max(joinWithinMs, maxAgeMs))
      return withSignal((usable ? known : begin(address)).answer, signal)
    },
    put(identity) {
      const known = entries.get(identity.remoteAddress)
      if (known && known.at >= identity.at) return
      keep(identity.remoteAddress, { answer: Promise.resolve(identity), at: identity.at, settled: true })
    },
    clear: () => entries.clear(),
  }
}
