import type { Config } from '#core/config'
import { Problem } from '#core/problem'
import { type Bucket, type BucketSize, isFull, takeToken } from '#core/token-bucket'

/** How many requests login takes, of each person and of all. */
export interface RequestLimits {
  /**
   * Counts a request; throws `too-many-requests`, with the time to wait, where there were too many. Logouts are counted apart and
   * not among all: nobody's requests keep a person from ending their access.
   */
  admit(person: { readonly userId: string }, isLogout: boolean): void
}

const mostBuckets = 10_000

/**
 * Makes the limits. By user, never by address: a person's devices count together. A refused request counts nowhere.
 *
 * @param now - Milliseconds of a clock that nobody sets.
 */
export function createRequestLimits(
  { perPerson, total }: Config['login']['limits'],
  now: () => number,
): RequestLimits & { readonly size: number } {
  const buckets = new Map<string, Bucket>()
  let all: Bucket | undefined

  function keep(key: string, bucket: Bucket): void {
    buckets.delete(key)
    buckets.set(key, bucket)
    dropOld()
  }

  /** In the order of their last use. Whoever is dropped though not full again is counted from the start: there are too many people. */
  function dropOld(): void {
    for (const [key, bucket] of buckets) {
      if (buckets.size <= mostBuckets && !isFull(bucket, perPerson, now())) return
      buckets.delete(key)
    }
  }

  return {
    admit({ userId }, isLogout) {
      const key = isLogout ? `logout ${userId}` : userId
      const own = takeToken(buckets.get(key), perPerson, now())
      if (own.waitSeconds !== undefined) throw tooMany(own.waitSeconds, perPerson, 'from one person')
      if (!isLogout) {
        const shared = takeToken(all, total, now())
        if (shared.waitSeconds !== undefined) throw tooMany(shared.waitSeconds, total, 'from everybody together')
        all = shared.bucket
      }
      keep(key, own.bucket)
    },
    get size() {
      return buckets.size
    },
  }
}

function tooMany(retryAfterSeconds: number, { perSecond, burst }: BucketSize, from: string): Problem {
  const detail = `${perSecond} a second ${from} are taken, and ${burst} at once.`
  return new Problem('too-many-requests', detail, { retryAfterSeconds })
}
