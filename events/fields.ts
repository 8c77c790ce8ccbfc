import * as v from 'valibot'
import { fromWireTime } from './instant.ts'

const matching = (expectation: string, pattern: RegExp) =>
  v.pipe(v.string(), v.regex(pattern, `must be ${expectation}`))

/** Id of an event, and of a session, which is named by the event that asked for it. */
export const EventId = matching('1 to 128 of A-Z a-z 0-9 . _ : -', /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)

/** The event that asked. */
export const RequestId = v.pipe(EventId, v.description('Id of the event that asked for this.'))

/** The session that an event is about. */
export const SessionId = v.pipe(EventId, v.description('The session: the id of the event that asked for it.'))

/** Name of a person's ServiceAccount and Lease (a function's name, in a pong). */
export const Subject = matching('a DNS label', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)

export const Source = matching('/tka/<cluster>/<function>', /^\/tka\/[a-z0-9-]{1,40}\/[a-z]{1,20}$/)

/** RFC 3339, UTC, whole seconds. */
export const WireTime = v.pipe(
  v.string(),
  v.check(text => !Number.isNaN(fromWireTime(text)), 'must be a time such as 2026-11-23T10:00:00Z'),
)

/** The end of a session. */
export const ValidUntil = v.pipe(
  WireTime,
  v.description('When the session ends, or was to end: RFC 3339, UTC, whole seconds.'),
)

/** A person's wish, ordered: login's clock in milliseconds, 16 digits; all zeros is no wish. */
export const Sequence = matching('16 digits', /^\d{16}$/)

/** Who a person is, together with {@link UserId}. */
export const Login = v.pipe(
  matching('a login name', /^[^\p{Cc}\p{Zs}]{1,256}$/u),
  v.description('The person’s full login name, as the tailnet has it.'),
)

/** Who a person is, whatever they are called by now. */
export const UserId = v.pipe(
  matching('a decimal number', /^(0|[1-9]\d{0,19})$/),
  v.description('The person’s numeric user id in the tailnet.'),
)

/** From where a person asks. */
export const NodeId = v.pipe(
  matching('1 to 128 of printable ASCII', /^[\x21-\x7e]{1,128}$/),
  v.description('The stable id of the tailnet node that the person asks from.'),
)

/** What people call a node. */
export const NodeName = v.pipe(
  matching('1 to 255 characters', /^\P{Cc}{1,255}$/u),
  v.description('The name of that node in the tailnet.'),
)

/** A role is written into a label: at most 63 of A-Z a-z 0-9 . _ - */
export const Role = v.pipe(
  matching('a label value', /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/),
  v.description('The offered role, a ClusterRole: what the session may do.'),
)

/** Namespaces of a grant, in one form only: sorted, none twice. Absent where a grant is for the whole cluster. */
export const Namespaces = v.pipe(
  v.array(matching('a DNS label', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
  v.minLength(1, 'must name a namespace'),
  v.maxLength(64, 'must be at most 64 namespaces'),
  v.check(names => names.every((name, at) => at === 0 || (names[at - 1] ?? '') < name), 'must be sorted and unique'),
  v.readonly(),
  v.description('The namespaces that the role is given in, sorted; without them it is the whole cluster.'),
)

/** Length of a session. */
export const PeriodSeconds = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(31_536_000),
  v.description('How long the session is to last, in seconds.'),
)

/** The public half of an ephemeral X25519 key (RFC 8037), to which the answer's token is sealed. */
export const SealingJwk = v.pipe(
  v.strictObject({
    kty: v.literal('OKP'),
    crv: v.literal('X25519'),
    x: matching('32 bytes in base64url', /^[A-Za-z0-9_-]{43}$/),
  }),
  v.readonly(),
  v.description('The public half of an X25519 key made for this one request, to seal the answer to: a JWK (RFC 8037).'),
)

/** A token sealed to a {@link SealingJwk}: a compact JWE (RFC 7516) without an encrypted key, since ECDH-ES agrees on it. */
export const Sealed = v.pipe(
  matching('a compact JWE', /^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/),
  v.maxLength(12_288, 'must be at most 12 KiB'),
  v.description(
    'The token and its end, sealed to the key of the request: a compact JWE (RFC 7516), which login alone opens.',
  ),
)

export type SealingJwk = v.InferOutput<typeof SealingJwk>
