import { type Config, parseConfig } from '#core/config'
import type { TailnetIdentity, TailnetPerson } from '#core/tailnet-identity'
import type { EventOf, EventType, TkaEvent } from '#events'
import { isOfType } from '#events'
import type { AuditRecord } from '#io/audit'
import { trialTelemetry } from '#io/testing/trial-function'
import { createLogin } from '../create-login.ts'
import type { LoginDeps } from '../deps.ts'
import { type AnswerEvent, handleAnswer } from '../handle-answer.ts'
import type { Answered } from '../observe-requests.ts'
import { createRequestLimits } from '../request-limits.ts'
import { createTailnetApp } from '../tailnet-app.ts'
import { createGrantWatch, type GrantWatch } from '../watch-grants.ts'
import { checkResponse } from './check-response.ts'
import { provision } from './trial-provisioner.ts'
import { createTrialSessions, type TrialSessions } from './trial-sessions.ts'

/** login with everything around it in memory: the broker and the provisioner are one function, which a test may replace. */
export interface TrialLogin {
  readonly deps: LoginDeps
  readonly sessions: TrialSessions
  readonly grants: GrantWatch
  /** Everything that was sent, in order. */
  readonly sent: readonly TkaEvent[]
  /** What nobody expected, and answers that fit nothing. */
  readonly complaints: readonly string[]
  /** What the log of requests says. */
  readonly answers: readonly Answered[]
  /** The decisions, as they are kept. */
  readonly decisions: readonly AuditRecord[]
  sentOf<T extends EventType>(type: T): readonly EventOf<T>[]
  deliver(event: AnswerEvent): Promise<void>
  /** Sends a request from a person's device; a path that begins with ~ is the API's. Each answer is held to the OpenAPI document. */
  request(
    method: string,
    path: string,
    from?: TailnetIdentity | Device,
    headers?: Record<string, string>,
    body?: string,
  ): Promise<Response>
}

/** A device whose identity a test changes while a request is held. */
export interface Device {
  identity: TailnetIdentity
}

export interface TrialOptions {
  /** What becomes of an event that login sends; the provisioner in memory answers it by default. Throws like a broker that is down. */
  readonly broker?: (event: TkaEvent, trial: TrialLogin) => Promise<AnswerEvent | undefined>
  readonly holdMs?: number
  readonly config?: Readonly<Record<string, unknown>>
  readonly handingOver?: () => boolean
  readonly serviceAccountGone?: LoginDeps['serviceAccountGone']
  readonly whoIsNode?: (node: string) => Promise<TailnetIdentity>
}

export const view = { role: 'view', period: '1h' }

/** Alice on her laptop, with these rules. */
export function alice(...capabilities: readonly unknown[]): TailnetPerson {
  return {
    kind: 'person',
    login: 'alice@example.com',
    userId: '7',
    displayName: 'Alice Liddell',
    node: { id: 'node-1', name: 'laptop.tail1.ts.net' },
    capabilities,
  }
}

export function createTrialLogin(options: TrialOptions = {}): TrialLogin {
  const sessions = createTrialSessions()
  const sent: TkaEvent[] = []
  const complaints: string[] = []
  const answers: Answered[] = []
  const decisions: AuditRecord[] = []
  const deps = createLogin({
    config: trialConfig(options),
    apiServer: {
      url: 'https://10.0.0.1:6443',
      ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    },
    now: Date.now,
    sessions: sessions.index,
    emit: async event => {
      sent.push(event)
      const answer = await (options.broker ?? (each => provision(each, sessions)))(event, trial)
      if (answer) await trial.deliver(answer)
    },
    failed: () => undefined,
    serviceAccountGone: options.serviceAccountGone ?? (async () => true),
    handingOver: options.handingOver ?? (() => false),
  })
  const whoIsNode = options.whoIsNode ?? (async () => ({ kind: 'whois-failed' }) as const)
  const grants = createGrantWatch({ ...deps, whoIsNode })
  const answer = handleAnswer({ ...deps, mismatch: (_, what) => complaints.push(what) })
  const app = createTailnetApp({
    ...deps,
    checkGrant: grants.check,
    limits: createRequestLimits(deps.config.login.limits, () => performance.now()),
    answered: answer => answers.push(answer),
    audit: record => decisions.push(record),
    metrics: trialTelemetry().metrics,
    failed: error => complaints.push(String(error)),
  })
  const trial: TrialLogin = {
    deps,
    sessions,
    grants,
    sent,
    complaints,
    answers,
    decisions,
    sentOf: type => sent.filter(event => isOfType(event, type)),
    deliver: async event => {
      await answer(event)
    },
    async request(method, path, from = alice(view), headers = {}, body) {
      const device = 'identity' in from ? from : { identity: from }
      const connection = {
        identify: async () => device.identity,
        listener: { scheme: 'http', port: 80, hosts: ['tka'] } as const,
      }
      const full = path.startsWith('~') ? `/api/v1alpha1${path.slice(1)}` : path
      const init = { method, headers: { host: 'tka', ...headers }, ...(body === undefined ? {} : { body }) }
      const response = await app.request(`http://tka${full}`, init, { connection })
      await checkResponse(method, full, response.clone())
      return response
    },
  }
  return trial
}

function trialConfig({ config, holdMs = 500 }: TrialOptions): Config {
  const parsed = parseConfig({
    cluster: 'lab',
    homeDomain: 'example.com',
    roles: [
      { name: 'view', scope: 'cluster', maxPeriod: '8h' },
      { name: 'edit', scope: 'namespaced', maxPeriod: '8h' },
    ],
    ...config,
  })
  // Shorter than a real one may be, so that a test need not wait for a second.
  return { ...parsed, login: { ...parsed.login, holdMs } }
}
