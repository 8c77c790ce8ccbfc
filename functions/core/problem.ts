import * as v from 'valibot'

/** What a problem is to HTTP and to a person; see {@link problems}. */
export interface ProblemKind {
  /** HTTP status, as the table of api-v1alpha1 rules it. */
  readonly status: 202 | 400 | 401 | 403 | 404 | 405 | 406 | 408 | 409 | 413 | 415 | 417 | 422 | 429 | 431 | 500 | 503
  /** True when the same request may succeed later. Nothing a person reads about it contains the digits 401 or 403. */
  readonly retriable: boolean
  readonly title: string
  readonly advice: readonly string[]
}

const adminAdvice = 'Ask whoever writes the tailnet policy.'
const laterAdvice = 'Try again in a moment.'

/** Every problem a person or another function may be told of: its status, whether trying again helps, and what to do about it. */
export const problems = {
  funnel: {
    status: 403,
    retriable: false,
    title: 'This service is not for the public Internet',
    advice: ['Join the tailnet and use its own address for this service.'],
  },
  'peer-unknown': {
    status: 403,
    retriable: false,
    title: 'The tailnet does not know you',
    advice: ['Check with `tailscale status` that this device is signed in.'],
  },
  'whois-failed': {
    status: 503,
    retriable: true,
    title: 'The tailnet could not be asked who you are',
    advice: [laterAdvice],
  },
  'tagged-node': {
    status: 400,
    retriable: false,
    title: 'A tagged device belongs to no person',
    advice: ['Use a device that is signed in as you.'],
  },
  'capability-invalid': {
    status: 400,
    retriable: false,
    title: 'The tailnet policy gives you a rule that cannot be read',
    advice: [adminAdvice],
  },
  'no-rule': {
    status: 403,
    retriable: false,
    title: 'No rule of the tailnet policy gives you a role in this cluster',
    advice: [adminAdvice],
  },
  'rules-tie': {
    status: 400,
    retriable: false,
    title: 'The tailnet policy gives you different rules and does not say which comes first',
    advice: ['Choose one with `?role=`, where the rules have different roles.', adminAdvice],
  },
  'period-invalid': {
    status: 422,
    retriable: false,
    title: 'The period of your rule is out of bounds',
    advice: [adminAdvice],
  },
  'role-not-offered': {
    status: 403,
    retriable: false,
    title: 'This cluster does not offer the role of your rule',
    advice: ['Ask whoever runs this cluster which roles it offers.'],
  },
  'namespace-protected': {
    status: 403,
    retriable: false,
    title: 'A namespace of your rule is out of reach for everybody',
    advice: [adminAdvice],
  },
  'host-not-ours': {
    status: 403,
    retriable: false,
    title: 'This service does not go by the name you used',
    advice: ['Use its name in the tailnet.'],
  },
  'origin-not-ours': {
    status: 403,
    retriable: false,
    title: 'The request was started by another web site',
    advice: ["Use this service's own page, or the command line."],
  },
  'rights-differ': {
    status: 403,
    retriable: false,
    title: 'Your session has rights that this device does not give you',
    advice: ['Log in from this device to get its own rights; this ends the other session.'],
  },
  'not-signed-in': {
    status: 401,
    retriable: false,
    title: 'You are not signed in',
    advice: ['Log in first.'],
  },
  'already-signed-out': {
    status: 404,
    retriable: false,
    title: 'You are not signed in, so there is nothing to log out of',
    advice: [],
  },
  superseded: {
    status: 409,
    retriable: false,
    title: 'A later login or logout of yours overtook this one',
    advice: ['Log in again if you still want to.'],
  },
  'too-many-requests': {
    status: 429,
    retriable: true,
    title: 'There are too many requests',
    advice: [laterAdvice],
  },
  unavailable: {
    status: 503,
    retriable: true,
    title: 'The cluster did not answer in time',
    advice: [laterAdvice],
  },
  'access-may-remain': {
    status: 503,
    retriable: true,
    title: 'The logout could not be confirmed: you may still have access',
    advice: ['Log out again until it is confirmed.'],
  },
  'still-provisioning': {
    status: 202,
    retriable: true,
    title: 'Your session is being made',
    advice: [laterAdvice],
  },
  'bad-request': { status: 400, retriable: false, title: 'The request cannot be understood', advice: [] },
  'not-found': { status: 404, retriable: false, title: 'There is nothing here', advice: [] },
  'method-not-allowed': { status: 405, retriable: false, title: 'This cannot be done here', advice: [] },
  'not-acceptable': {
    status: 406,
    retriable: false,
    title: 'None of the forms you accept exists here',
    advice: ['Accept application/json or application/yaml.'],
  },
  'body-too-large': { status: 413, retriable: false, title: 'The request is too large', advice: [] },
  'unsupported-media-type': {
    status: 415,
    retriable: false,
    title: 'The request is of a type that is not understood here',
    advice: ['Send no body, or application/json without a Content-Encoding.'],
  },
  'request-timeout': { status: 408, retriable: false, title: 'The request did not arrive in time', advice: [] },
  'expectation-failed': {
    status: 417,
    retriable: false,
    title: 'The request expects what cannot be done here',
    advice: ['Leave out the Expect header.'],
  },
  'headers-too-large': {
    status: 431,
    retriable: false,
    title: 'The headers of the request are too large',
    advice: [],
  },
  internal: {
    status: 500,
    retriable: false,
    title: 'Something went wrong here',
    advice: ['Tell whoever runs this cluster; the log has the rest.'],
  },
} as const satisfies Readonly<Record<string, ProblemKind>>

/** Stable name of a problem; the `code` of `session.denied` is one of them. */
export type ProblemCode = keyof typeof problems

/** True for a name of the table, as read from the wire. */
export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problems, text)
}

/** A failure that was expected and is told to whoever asked: `detail` names the thing, the table says the rest. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  /** One sentence for the person, with the field, the value and the expectation. Never a secret or another system's text. */
  readonly detail: string
  /** After so many seconds it may succeed, where that is known; else it is the configuration's to say. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ProblemCode,
    detail = '',
    { retryAfterSeconds, ...options }: ErrorOptions & { readonly retryAfterSeconds?: number } = {},
  ) {
    super(detail ? `${code}: ${detail}` : code, options)
    this.code = code
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds
  }

  get kind(): ProblemKind {
    return problems[this.code]
  }
}

const codes = Object.keys(problems).filter(isProblemCode)

/** How a problem goes over the wire; the published client prints `message` and `advice`, RFC 9457 has the others. */
export const ProblemBody = v.strictObject({
  type: v.picklist(codes.map(typeOf)),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  detail: v.exactOptional(v.string()),
  message: v.pipe(v.string(), v.nonEmpty()),
  advice: v.pipe(v.array(v.string()), v.readonly()),
})
export type ProblemBody = v.InferOutput<typeof ProblemBody>

function typeOf(code: ProblemCode): `urn:tka:problem:${ProblemCode}` {
  return `urn:tka:problem:${code}`
}

/** The body of a problem. */
export function problemBody(problem: Problem): ProblemBody {
  const { status, retriable, title, advice } = problem.kind
  // The client gives up for good on these digits in any text, so a retriable problem says less rather than that.
  const detail = retriable && /401|403/.test(problem.detail) ? '' : problem.detail
  const type = typeOf(problem.code)
  if (detail === '') return { type, title, status, message: `${title}.`, advice }
  return { type, title, status, detail, message: `${title}: ${detail}`, advice }
}
