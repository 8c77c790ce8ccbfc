// A hash of a constant input is a value, not I/O: the one thing core takes from Node.
import { hash } from 'node:crypto'
import { isDnsLabel } from './kubernetes-names.ts'

/** A person of the tailnet: the full login and the numeric user id, never the part before the `@` alone. */
export interface Person {
  readonly login: string
  /** Decimal digits. */
  readonly userId: string
}

/** What a person's name is made with. */
export interface NamingOptions {
  readonly install: string
  /** Logins `<slug>@<homeDomain>` give names without a hash. */
  readonly homeDomain?: string | undefined
}

const longestName = 63
const hashLength = 10
const endsLikeHashed = /-[a-z2-7]{10}$/
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The name of a person's ServiceAccount and Lease, which is also the subject and partition key of every event about them:
 * `<install>-user-<slug>` when the login is exactly `<slug>@<home domain>`, else `<install>-user-<slug>-<hash>`.
 * A DNS label; different for different logins, since a slug that looks hashed is never used bare.
 */
export function serviceAccountName(person: Person, options: NamingOptions): string {
  const prefix = `${options.install}-user-`
  const bare = bareSlug(person.login, options.homeDomain)
  if (bare !== undefined && prefix.length + bare.length <= longestName) return prefix + bare
  const suffix = `-${personHash(person)}`
  return prefix + readableSlug(person.login, longestName - prefix.length - suffix.length) + suffix
}

/** The part of a name that serviceAccountName made which tells people apart: `alice` of `tka-user-alice`. */
export function personalPart(name: string, install: string): string {
  const prefix = `${install}-user-`
  if (!name.startsWith(prefix)) throw new Error(`${name} is not a session identity of install ${install}`)
  return name.slice(prefix.length)
}

function bareSlug(login: string, homeDomain: string | undefined): string | undefined {
  if (homeDomain === undefined || !login.endsWith(`@${homeDomain}`)) return undefined
  const slug = login.slice(0, -(homeDomain.length + 1))
  return isDnsLabel(slug) && !endsLikeHashed.test(slug) ? slug : undefined
}

function readableSlug(login: string, length: number): string {
  const [local = ''] = login.split('@')
  const slug = local
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, length)
    .replaceAll(/^-+|-+$/g, '')
  // Never empty: `<install>-user-<hash>` alone could be somebody's bare slug.
  return slug || 'person'
}

function personHash({ login, userId }: Person): string {
  // The user id is digits, so the first line break ends it and no two persons give one text.
  const digest = hash('sha256', `${userId}\n${login}`, 'buffer')
  let bits = ''
  for (const byte of digest.subarray(0, 7)) bits += byte.toString(2).padStart(8, '0')
  return Array.from({ length: hashLength }, (_, at) =>
    base32.charAt(Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)),
  ).join('')
}
