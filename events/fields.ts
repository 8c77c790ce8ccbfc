import * as v from 'valibot'
import { fromWireTime } from './instant.ts'

const matching = (expectation: string, pattern: RegExp) =>
  v.pipe(v.string(), v.regex(pattern, `must be ${expectation}`))

/** Id of an event, and of a session, which is named by the event that asked for it. */
export const EventId = matching('1 to 128 of A-Z a-z 0-9 . _ : -', /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)

/** Name of a person's ServiceAccount and Lease (a function's name, in a pong). */
export const Subject = matching('a DNS label', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)

export const Source = matching('/tka/<cluster>/<function>', /^\/tka\/[a-z0-9-]{1,40}\/[a-z]{1,20}$/)

/** RFC 3339, UTC, whole seconds. */
export const WireTime = v.pipe(
  v.string(),
  v.check(text => !Number.isNaN(fromWireTime(text)), 'must be a time such as 2026-11-23T10:00:00Z'),
)

/** A person's wish, ordered: login's clock in milliseconds, 16 digits; all zeros is no wish. */
export const Sequence = matching('16 digits', /^\d{16}$/)

/** The full login name, as the tailnet has it. */
export const Login = matching('a login name', /^[^\p{Cc}\p{Zs}]{1,256}$/u)

/** The tailnet's numeric user id. */
export const UserId = matching('a decimal number', /^(0|[1-9]\d{0,19})$/)

/** The stable id of a tailnet node. */
export const NodeId = matching('1 to 128 of printable ASCII', /^[\x21-\x7e]{1,128}$/)

export const NodeName = matching('1 to 255 characters', /^\P{Cc}{1,255}$/u)

/** A role is written into a label: at most 63 of A-Z a-z 0-9 . _ - */
export const Role = matching('a label value', /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/)

/** Namespaces of a grant, in one form only: sorted, none twice. Absent where a grant is for the whole cluster. */
export const Namespaces = v.pipe(
  v.array(matching('a DNS label', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
  v.minLength(1, 'must name a namespace'),
  v.maxLength(64, 'must be at most 64 namespaces'),
  v.check(names => names.every((name, at) => at === 0 || (names[at - 1] ?? '') < name), 'must be sorted and unique'),
  v.readonly(),
)

/** Seconds of a session. */
export const PeriodSeconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(31_536_000))

/** The public half of an ephemeral X25519 key (RFC 8037), to which the answer's token is sealed. */
export const SealingJwk = v.pipe(
  v.strictObject({
    kty: v.literal('OKP'),
    crv: v.literal('X25519'),
    x: matching('32 bytes in base64url', /^[A-Za-z0-9_-]{43}$/),
  }),
  v.readonly(),
)

/** A token sealed to a {@link SealingJwk}: a compact JWE (RFC 7516) without an encrypted key, since ECDH-ES agrees on it. */
export const Sealed = v.pipe(
  matching('a compact JWE', /^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/),
  v.maxLength(12_288, 'must be at most 12 KiB'),
)

export type SealingJwk = v.InferOutput<typeof SealingJwk>
