/** How much may be taken: so much at once, and again at this pace. */
export interface BucketSize {
  readonly perSecond: number
  readonly burst: number
}

/** What was left at an instant (milliseconds of any one clock). A bucket that nobody has yet taken from is full. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** A bucket after somebody tried to take from it; with `waitSeconds` they got nothing, and may come back then. */
export interface Taken {
  readonly bucket: Bucket
  /** Whole seconds, at least one. */
  readonly waitSeconds?: number
}

/** Takes one token out of a bucket, if there is one. */
export function takeToken(bucket: Bucket | undefined, size: BucketSize, now: number): Taken {
  const tokens = bucket === undefined ? size.burst : refilled(bucket, size, now)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now } }
  return { bucket: { tokens, at: now }, waitSeconds: Math.max(1, Math.ceil((1 - tokens) / size.perSecond)) }
}

/** True when a bucket is like one that nobody has taken from. */
export function isFull(bucket: Bucket, size: BucketSize, now: number): boolean {
  return refilled(bucket, size, now) >= size.burst
}

/** A clock that was set back gives nothing and takes nothing. */
function refilled({ tokens, at }: Bucket, { perSecond, burst }: BucketSize, now: number): number {
  return Math.min(burst, tokens + (Math.max(0, now - at) / 1_000) * perSecond)
}
