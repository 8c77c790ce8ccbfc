/** What is to be brought about: a key where there is none; a new key the slow way; a new key at once, since the old one is stolen. */
export type Ask = 'make' | 'rotate' | 'replace'

/** The time that a rotation takes, in milliseconds. */
export interface KeyTiming {
  /** From publication until a new key signs: every function has read it by then. */
  readonly leadMs: number
  /** From the switch until an old key no longer counts: whatever it signed has been delivered by then. */
  readonly graceMs: number
}

/** A published key. Instants are epoch milliseconds. */
interface PublishedKey {
  readonly kid: string
  readonly notBefore: number
  readonly notAfter: number
}

/** One function's keys, as the cluster has them. */
export interface KeysOfFunction {
  /** The key that the function signs with. */
  readonly current?: string
  /** The key that it will sign with. */
  readonly next?: string
  readonly published: readonly PublishedKey[]
}

/** The next step for one function. */
export type KeyStep =
  | { readonly kind: 'done' }
  /** Nothing to do before that moment. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Make a private key and keep it as the next one. */
  | { readonly kind: 'generate' }
  | { readonly kind: 'publish'; readonly kid: string; readonly notBefore: number }
  /** The next key becomes the current one. */
  | { readonly kind: 'switch' }
  /** These count no longer than until that moment. */
  | { readonly kind: 'retire'; readonly kids: readonly string[]; readonly at: number }
  /** Take these out of the published set. */
  | { readonly kind: 'remove'; readonly kids: readonly string[] }

/** True where a new key must be made although nothing is missing: nothing is under way, or lost, that would be mended instead. */
export function mustBegin({ current, next, published }: KeysOfFunction, ask: Ask): boolean {
  if (ask === 'make' || current === undefined) return false
  return (
    ask === 'replace' || (next === undefined && published.length > 0 && published.every(({ kid }) => kid === current))
  )
}

/**
 * Says the next step: consumers first (publish, wait, switch, retire). It is planned from what is there alone, so that whoever
 * comes next finishes what was left half done; `begin` asks for a new key.
 */
export function planKeys(
  keys: KeysOfFunction,
  options: { readonly ask: Ask; readonly begin: boolean; readonly now: number; readonly timing: KeyTiming },
): KeyStep {
  const { current, next, published } = keys
  const { ask, begin, now, timing } = options
  if (begin) return { kind: 'generate' }
  // The key that is signed with, first of all: until it is published nothing works. A stolen one is not published again.
  if (current !== undefined && ask !== 'replace' && !published.some(({ kid }) => kid === current))
    return { kind: 'publish', kid: current, notBefore: now }
  if (next !== undefined) {
    const notBefore = current === undefined || ask === 'replace' ? now : now + timing.leadMs
    const known = published.find(({ kid }) => kid === next)
    if (known === undefined || known.notBefore > notBefore) return { kind: 'publish', kid: next, notBefore }
    return now < known.notBefore ? { kind: 'wait', until: known.notBefore } : { kind: 'switch' }
  }
  if (current === undefined) return { kind: 'generate' }
  return clearAway(
    published.filter(({ kid }) => kid !== current),
    now,
    ask === 'replace' ? now : now + timing.graceMs,
  )
}

function clearAway(others: readonly PublishedKey[], now: number, at: number): KeyStep {
  const kidsOf = (keys: readonly PublishedKey[]) => keys.map(({ kid }) => kid)
  const lasting = others.filter(({ notAfter }) => notAfter > at)
  if (lasting.length > 0) return { kind: 'retire', kids: kidsOf(lasting), at }
  const over = others.filter(({ notAfter }) => notAfter <= now)
  if (over.length > 0) return { kind: 'remove', kids: kidsOf(over) }
  const until = Math.min(...others.map(({ notAfter }) => notAfter))
  return others.length === 0 ? { kind: 'done' } : { kind: 'wait', until }
}
