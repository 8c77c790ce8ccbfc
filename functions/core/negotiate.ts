/**
 * Picks the offered media type that an `Accept` header likes best (RFC 9110, 12.5.1: ranges, q-values, the most specific range
 * rules); among equals the first offered. Absent or empty accepts anything. `undefined` when none is acceptable.
 */
export function negotiate<T extends string>(accept: string | undefined, offered: readonly T[]): T | undefined {
  const ranges = parseAccept(accept ?? '')
  if (ranges.length === 0) return offered[0]
  let best: { readonly type: T; readonly quality: number } | undefined
  for (const type of offered) {
    const quality = qualityOf(type, ranges)
    if (quality > (best?.quality ?? 0)) best = { type, quality }
  }
  return best?.type
}

interface MediaRange {
  readonly type: string
  readonly subtype: string
  readonly quality: number
}

function parseAccept(accept: string): readonly MediaRange[] {
  return accept.split(',').flatMap(entry => {
    const [range = '', ...parameters] = entry.split(';').map(piece => piece.trim().toLowerCase())
    const [type, subtype, ...rest] = range.split('/')
    if (!type || !subtype || rest.length > 0) return []
    const weight = parameters.find(parameter => /^q\s*=/.test(parameter))
    return [{ type, subtype, quality: weight === undefined ? 1 : parseQuality(weight.split('=')[1] ?? '') }]
  })
}

function parseQuality(text: string): number {
  return /^\s*(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0
}

function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  const [type, subtype] = offer.split('/')
  const specificity = (range: MediaRange) => {
    if (range.type === type && range.subtype === subtype) return 3
    if (range.type === type && range.subtype === '*') return 2
    return range.type === '*' && range.subtype === '*' ? 1 : 0
  }
  const matching = ranges.filter(range => specificity(range) > 0)
  const most = Math.max(...matching.map(specificity))
  return Math.max(0, ...matching.filter(range => specificity(range) === most).map(({ quality }) => quality))
}
