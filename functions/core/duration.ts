const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const part = /(\d{1,18})(?:\.(\d{1,18}))?(ns|us|µs|μs|ms|s|m|h)/g
const whole = new RegExp(`^(?:${part.source})+$`)
const longestText = 64

/** What Go's `time.Duration` holds at most: about 292 years. */
const longest = 2n ** 63n - 1n

/**
 * Parses a duration in Go's grammar (`8h`, `1h30m`, `1.5h`; https://pkg.go.dev/time#ParseDuration) to whole milliseconds.
 * Gives `undefined` for anything else: signs, spaces, a number without a unit, fractions of a millisecond.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > longestText || !whole.test(text)) return undefined
  let nanoseconds = 0n
  for (const [, integer = '', fraction = '', unit = ''] of text.matchAll(part)) {
    const scaled = BigInt(integer + fraction) * (nanosecondsPer[unit] ?? 0n)
    const divisor = 10n ** BigInt(fraction.length)
    if (scaled % divisor !== 0n) return undefined
    nanoseconds += scaled / divisor
  }
  if (nanoseconds > longest || nanoseconds % 1_000_000n !== 0n) return undefined
  return Number(nanoseconds / 1_000_000n)
}

/** Parses a duration of at least one second and of whole seconds; gives seconds, or `undefined` for anything else. */
export function parseSeconds(text: string): number | undefined {
  const milliseconds = parseDuration(text)
  if (milliseconds === undefined || milliseconds === 0 || milliseconds % 1_000 !== 0) return undefined
  return milliseconds / 1_000
}

/** Writes whole seconds as people write durations: `8h`, `1h30m`, `45s`. The inverse of {@link parseSeconds}. */
export function formatSeconds(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('') || '0s'
}
